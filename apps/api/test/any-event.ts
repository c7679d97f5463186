import fc from 'fast-check';

/** What a client can say of an event, in no door's words. */
export interface Sample {
  readonly name: string;
  readonly source: string | undefined;
  readonly userId: string | undefined;
  readonly occurredAt: string | undefined;
  readonly amount: number | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

const EARLIEST = new Date('0001-01-01T00:00:00.000Z');
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme' }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', "'; --", '\\u0000', '\\', '"') },
);
/** Half of a surrogate pair, NUL: what no database can keep. */
const broken = fc.constantFrom('\0', 'a\0b', '\ud800', '\udfffx');
const exact = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true, max: Number.MAX_SAFE_INTEGER, min: Number.MIN_SAFE_INTEGER }),
);
/** What JavaScript writes without a fraction or with an exponent. */
const wide = fc.double({ noNaN: true, noDefaultInfinity: true });

const label = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 200 })
  .map((value) => value.replaceAll(new RegExp(CONTROL, 'g'), '_'));

const amount = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([digits, places]) => digits / 10 ** places);

function objects(keys: fc.Arbitrary<string>, scalars: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const { object } = fc.letrec<{ object: Record<string, unknown>; value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalars,
      tie('object'),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
    // Not fc.dictionary alone: assignment would take `__proto__` for the prototype.
    object: fc.array(fc.tuple(keys, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  }));
  return object;
}

function samples(data: fc.Arbitrary<Record<string, unknown>>, labels: fc.Arbitrary<string>): fc.Arbitrary<Sample> {
  const day = 86_400_000;
  return fc.record({
    name: labels,
    source: fc.option(labels, { nil: undefined }),
    userId: fc.option(labels, { nil: undefined }),
    occurredAt: fc.option(
      fc
        .date({ min: EARLIEST, max: new Date(Date.now() + day / 2), noInvalidDate: true })
        .map((date) => date.toISOString()),
      { nil: undefined },
    ),
    amount: fc.option(amount, { nil: undefined }),
    data,
  });
}

/** An event that every door has to take. */
export const goodSample = samples(
  objects(
    text.filter((key) => !key.includes('\0')),
    fc.oneof(
      text.filter((value) => !value.includes('\0')),
      exact,
      fc.boolean(),
      fc.constant(null),
    ),
  ),
  label,
);

/** An event that may break a rule here and there: whoever takes it has to keep it as it is. */
export const anySample = samples(
  objects(
    fc.oneof({ weight: 30, arbitrary: text }, { weight: 1, arbitrary: broken }),
    fc.oneof(
      { weight: 20, arbitrary: text },
      { weight: 20, arbitrary: exact },
      { weight: 3, arbitrary: wide },
      { weight: 1, arbitrary: broken },
    ),
  ),
  fc.oneof({ weight: 40, arbitrary: label }, { weight: 1, arbitrary: broken }, { weight: 1, arbitrary: text }),
);
