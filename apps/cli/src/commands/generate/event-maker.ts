import { Random } from './random';

/** What happened, without when and under which id. */
export interface MadeEvent {
  readonly name: string;
  readonly source: string;
  readonly userId: string;
  /** Money with two decimals, as its JSON text; only where money is moved. */
  readonly amount: string | undefined;
  /** JSON text of some 300 bytes, its quotes as the maker was asked to write them. */
  readonly data: string;
}

/** Of 100 events. */
const NAMES: readonly (readonly [name: string, share: number])[] = [
  ['page.viewed', 46],
  ['product.viewed', 22],
  ['cart.updated', 12],
  ['search.done', 8],
  ['order.placed', 5],
  ['order.paid', 4],
  ['user.created', 2],
  ['payment.failed', 1],
];
const WITH_AMOUNT = new Set(['order.placed', 'order.paid', 'payment.failed']);
const SOURCES = ['web', 'web', 'web', 'ios', 'android', 'backend'] as const;
const LOCALES = ['en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-MX', 'pt-BR', 'ja-JP', 'ar-EG'] as const;
const DEVICES = ['phone', 'phone', 'desktop', 'tablet'] as const;
const PLANS = ['free', 'pro', 'team'] as const;
const USERS = 50_000;

/** Makes the events of a shop: the same ones in the same order for the same seed. */
export class EventMaker {
  private readonly random: Random;

  /** @param quote of the JSON in `data`; `""` is what a CSV cell needs, and cheaper than replacing. */
  constructor(
    seed: number,
    private readonly quote: '"' | '""' = '"',
  ) {
    this.random = new Random(seed);
  }

  next(): MadeEvent {
    const { random } = this;
    const name = this.name();
    const user = this.user();
    const amount = WITH_AMOUNT.has(name) ? (1 + random.integer(30_000) / 100).toFixed(2) : undefined;
    const source = random.pick(SOURCES);
    return { name, source, userId: `user-${user}`, amount, data: this.data(name, user) };
  }

  /** `bytes` random bytes in hexadecimal, for ids that are as repeatable as the events. */
  hex(bytes: number): string {
    return this.random.hex(bytes);
  }

  private name(): string {
    let left = this.random.integer(100);
    for (const [name, share] of NAMES) {
      if (left < share) return name;
      left -= share;
    }
    return 'page.viewed';
  }

  /** Log-uniform, which is Zipf's law with exponent 1: the first hundred users make two fifths of the events. */
  private user(): number {
    return Math.floor(Math.exp(this.random.next() * Math.log(USERS + 1)));
  }

  /** As text and not by JSON.stringify, which took twice as long; nothing in it needs escaping. */
  private data(name: string, user: number): string {
    const { random, quote: q } = this;
    const session = `${q}session${q}:${q}${random.hex(8)}${q}`;
    const page = `${q}page${q}:${q}/catalogue/${name}/${random.integer(5000)}${q}`;
    const referrer = `${q}referrer${q}:${q}https://example.com/campaign/${random.integer(200)}${q}`;
    const width = 360 + random.integer(2200);
    const kind = `${q}kind${q}:${q}${random.pick(DEVICES)}${q}`;
    const language = `${q}language${q}:${q}${random.pick(LOCALES)}${q}`;
    const plan = `${q}plan${q}:${q}${PLANS[user % PLANS.length] ?? ''}${q}`;
    let items = this.item();
    for (let more = random.integer(3); more > 0; more -= 1) items += `,${this.item()}`;
    const rest = `${q}duration_ms${q}:${random.integer(20_000)},${q}returning${q}:${random.next() < 0.7}`;
    const device = `${q}device${q}:{${kind},${q}width${q}:${width},${language}}`;
    return `{${session},${page},${referrer},${device},${plan},${q}items${q}:[${items}],${rest}}`;
  }

  private item(): string {
    const { random, quote: q } = this;
    return `{${q}sku${q}:${q}SKU-${random.integer(100_000)}${q},${q}quantity${q}:${1 + random.integer(4)}}`;
  }
}
