/** One environment variable: its name, what it means, and how its text becomes a value. */
export interface Setting<T> {
  readonly name: string;
  /** One line for people: what it does, with its unit. */
  readonly about: string;
  /** Text of the default as an operator would write it; undefined when there is none. */
  readonly defaultText: string | undefined;
  /** True when the value must not be shown anywhere. */
  readonly secret: boolean;
  /** @throws {SettingError} with what is wrong, in words that follow the variable's name. */
  readonly parse: (text: string) => T;
  readonly whenMissing: () => T;
}

/** What is wrong with one value: "must be a whole number from 1 to 65535, not "x"". */
export class SettingError extends Error {}

interface Options {
  readonly secret?: boolean;
  readonly fallback?: string | undefined;
}

function setting<T>(name: string, about: string, parse: (text: string) => T, options: Options = {}): Setting<T> {
  const { secret = false, fallback } = options;
  return {
    name,
    about,
    defaultText: fallback,
    secret,
    parse,
    whenMissing: () => {
      if (fallback === undefined) throw new SettingError('is missing');
      return parse(fallback);
    },
  };
}

/** Makes a setting that may be left out: its value is then undefined. */
export function optional<T>(inner: Setting<T>): Setting<T | undefined> {
  return { ...inner, whenMissing: () => undefined };
}

export function text(name: string, about: string, options: Options = {}): Setting<string> {
  return setting(name, about, (value) => value, options);
}

export function wholeNumber(
  name: string,
  about: string,
  range: { readonly min: number; readonly max: number; readonly fallback?: number },
): Setting<number> {
  const parse = (value: string): number => {
    const number = Number(value);
    if (!/^\d{1,15}$/.test(value) || number < range.min || number > range.max) {
      throw new SettingError(`must be a whole number from ${range.min} to ${range.max}, not "${value}"`);
    }
    return number;
  };
  return setting(name, about, parse, { fallback: range.fallback?.toString() });
}

export function flag(name: string, about: string, fallback: boolean): Setting<boolean> {
  const parse = (value: string): boolean => {
    if (value === 'true') return true;
    if (value === 'false') return false;
    throw new SettingError(`must be true or false, not "${value}"`);
  };
  return setting(name, about, parse, { fallback: String(fallback) });
}

export function oneOf<const T extends string>(
  name: string,
  about: string,
  values: readonly T[],
  fallback?: T,
): Setting<T> {
  const parse = (value: string): T => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new SettingError(`must be one of ${values.join(', ')}, not "${value}"`);
    return found;
  };
  return setting(name, about, parse, { fallback });
}

/** Comma-separated `host:port`, at least one. */
export function brokerList(name: string, about: string): Setting<readonly string[]> {
  const parse = (value: string): readonly string[] => {
    const brokers = value.split(',').map((broker) => broker.trim());
    const bad = brokers.find((broker) => !/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(broker));
    if (bad !== undefined)
      throw new SettingError(`must be a list like host:9092,host2:9092; "${bad}" is not host:port`);
    return Object.freeze(brokers);
  };
  return setting(name, about, parse);
}

/** A URL with one of the given protocols. The text is not repeated in the error: it may hold a password. */
export function url(name: string, about: string, protocols: readonly string[], options: Options = {}): Setting<string> {
  const parse = (value: string): string => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      throw new SettingError(
        `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
      );
    }
    return value;
  };
  return setting(name, about, parse, options);
}

/** What settings become, by the same keys. */
export type SettingValues<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };
