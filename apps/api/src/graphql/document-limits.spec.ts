import { getIntrospectionQuery, parse } from 'graphql';
import { checkLimits, DOCUMENT_LIMITS } from './document-limits';
import { readOperation } from './graphql-operation';
import { schema } from './schema/schema';

function codeOf(query: string, variables: Record<string, unknown> = {}): unknown {
  return checkLimits(schema, parse(query), variables)?.extensions['code'];
}

/** What the whole way of a document says, and how much of the processor that takes. */
function read(
  query: string,
  variables: Record<string, unknown> = {},
): { readonly codes: unknown[]; readonly ms: number } {
  const startedAt = process.cpuUsage();
  const operation = readOperation({ query, operationName: undefined, variables }, true);
  const ms = process.cpuUsage(startedAt).user / 1000;
  if ('document' in operation) return { codes: [], ms };
  return { codes: [...new Set(operation.map(({ extensions }) => extensions['code'] ?? 'invalid'))], ms };
}

const nested = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
const many = (count: number, part: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => part(n)).join(' ');

describe('depth', () => {
  it('ends at 8 fields', () => {
    expect(DOCUMENT_LIMITS.depth).toBe(8);
    expect(codeOf(nested(8))).toBeUndefined();
    expect(codeOf(nested(9))).toBe('too-deep');
  });

  it('counts through fragments and inline fragments', () => {
    expect(codeOf(`{ a { ...F } } fragment F on Query ${nested(7)}`)).toBeUndefined();
    expect(codeOf(`{ a { ...F } } fragment F on Query ${nested(8)}`)).toBe('too-deep');
    expect(codeOf(`{ a { ... on Query ${nested(8)} } }`)).toBe('too-deep');
  });

  it('lets tools read the schema', () => {
    const query = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, oneOf: true });
    expect(read(query).codes).toEqual([]);
  });

  it('does not let the schema be read in circles', () => {
    const circle = '{ fields { type '.repeat(6) + '{ name }' + ' } }'.repeat(6);
    expect(read(`{ __schema { types ${circle} } }`).codes).toEqual(['invalid']);
  });
});

describe('aliases', () => {
  it('end at 20, of all fields of an operation together', () => {
    expect(DOCUMENT_LIMITS.aliases).toBe(20);
    expect(codeOf(`{ ${many(20, (n) => `a${n}: dau { date }`)} }`)).toBeUndefined();
    expect(codeOf(`{ ${many(21, (n) => `a${n}: dau { date }`)} }`)).toBe('too-many-aliases');
    expect(codeOf(`{ ${many(10, (n) => `a${n}: dau { d: date e: date }`)} }`)).toBe('too-many-aliases');
  });

  it('count as often as their fragment is spread', () => {
    const fragment = `fragment F on Query { ${many(7, (n) => `a${n}: dau { date }`)} }`;
    expect(codeOf(`{ ...F ...F } ${fragment}`)).toBeUndefined();
    expect(codeOf(`{ ...F ...F ...F } ${fragment}`)).toBe('too-many-aliases');
  });
});

describe('cost', () => {
  const page = 'edges { cursor node { id name } } pageInfo { endCursor }';

  it('is a field each, times the length of the lists that it is in', () => {
    expect(DOCUMENT_LIMITS.cost).toBe(40_000);
    // 1 + 200 x 7
    expect(codeOf(`{ ${many(28, () => `events(first: 200) { ${page} }`)} }`)).toBeUndefined(); // 39,228
    expect(codeOf(`{ ${many(29, () => `events(first: 200) { ${page} }`)} }`)).toBe('too-costly'); // 40,629
  });

  it.each([
    ['lastEvents(limit: 200) { id name }', 100],
    ['aggregatedMetrics(minutes: 10080) { eventCount }', 8],
    ['topEvents(limit: 1000) { name count }', 50],
    ['retention(startDate: "2026-01-01", windows: 366) { windows { count } }', 55],
    ['dau(from: "1926-11-21", to: "2026-11-21") { date }', 2],
  ])('knows how long %s may be', (field, times) => {
    expect(codeOf(`{ ${field} }`)).toBeUndefined();
    expect(codeOf(`{ ${many(times, () => field)} }`)).toBe('too-costly');
  });

  it('reads lengths from variables and from their defaults', () => {
    const fields = many(100, () => 'lastEvents(limit: $n) { id name }');
    expect(codeOf(`query ($n: Int) { ${fields} }`, { n: 200 })).toBe('too-costly');
    expect(codeOf(`query ($n: Int = 200) { ${fields} }`)).toBe('too-costly');
    expect(codeOf(`query ($n: Int = 200) { ${fields} }`, { n: 2 })).toBeUndefined();
    expect(codeOf(`query ($n: Int) { ${fields} }`, { n: 'x' })).toBeUndefined();
  });

  it('lets every statistic be asked for at its longest', () => {
    expect(codeOf('{ aggregatedMetrics(minutes: 10080) { timeWindow eventCount totalAmount } }')).toBeUndefined();
    expect(codeOf('{ dau(from: "1926-11-21", to: "2026-11-21") { uniqueUsers } }')).toBeUndefined();
  });
});

describe('abuse', () => {
  const EXPONENTIAL = `{ ...F0 } ${many(60, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment F60 on Query { dau { date } }`;

  it.each([
    ['fragments that double 60 times', EXPONENTIAL, 'too-costly'],
    ['a fragment that spreads itself', '{ ...F } fragment F on Query { dau { date } ...F }', 'invalid'],
    [
      'fragments in a circle that nobody uses',
      '{ dau { date } } fragment F on Query { ...G } fragment G on Query { ...F }',
      'invalid',
    ],
    ['fields that all have to be compared', `{ ${many(490, () => 'dau { date }')} }`, 'too-many-fields'],
    [
      'an unused fragment that costs too much',
      `{ dau { date } } fragment F on Query { ${many(20, () => 'aggregatedMetrics(minutes: 10080) { eventCount }')} }`,
      'too-costly',
    ],
    ['aliases', `{ ${many(290, (n) => `a${n}: __typename`)} }`, 'too-many-aliases'],
    ['directives', `{ dau ${many(400, () => '@include(if: true)')} { date } }`, 'too-many-tokens'],
    ['fewer directives', `{ dau ${many(200, () => '@include(if: true)')} { date } }`, 'invalid'],
    ['a deep value', `{ dau(from: ${'['.repeat(900)}${']'.repeat(900)}) { date } }`, 'invalid'],
    ['nothing but brackets', '['.repeat(200_000), 'malformed'],
    ['nothing but braces', '{a'.repeat(100_000), 'too-many-tokens'],
    ['a huge number', `{ lastEvents(limit: ${'9'.repeat(5000)}) { id } }`, 'invalid'],
    ['unknown fields', `{ ${many(290, (n) => `unknown${n}`)} }`, 'invalid'],
    ['unicode', '{ dau { date } } # \u{1F600}\uFEFF\u202E\n{ \u00e9 }', 'malformed'],
    ['a lone surrogate', '{ event(id: "\ud800") { id } }', 'malformed'],
    ['nothing', '', 'malformed'],
  ])('%s is refused at once', (_, query, code) => {
    const { codes, ms } = read(query);
    expect(codes).toEqual([code]);
    expect(ms).toBeLessThan(1000);
  });

  // As many as a request has room for.
  const VARIABLES = Object.fromEntries(Array.from({ length: 23_500 }, (_, n) => [`v${n}`, 1]));

  it.each([
    ['of fields with a size', `{ ${many(145, () => 'lastEvents { id }')} }`, []],
    ['of operations', many(130, (n) => `query Q${n} { __typename }`), ['invalid']], // it names none of them
    [
      'of unused fragments',
      `{ __typename } ${many(140, (n) => `fragment F${n} on Query { dau { date } }`)}`,
      ['invalid'],
    ],
  ])('variables that nobody declares are not copied for each %s', (_, query, expected) => {
    const without = read(query);
    const { codes, ms } = read(query, VARIABLES);
    expect(codes).toEqual(expected);
    expect(ms).toBeLessThan(without.ms + 1000);
  });

  it('a variable is the one that was sent, and nothing that all objects have', () => {
    const fields = many(100, () => 'lastEvents(limit: $constructor) { id name }');
    expect(codeOf(`query ($constructor: Int = 200) { ${fields} }`)).toBe('too-costly');
    expect(codeOf(`query ($constructor: Int = 200) { ${fields} }`, { constructor: 2 })).toBeUndefined();
    expect(codeOf(`{ ${many(100, () => 'lastEvents(limit: $n) { id name }')} }`, { n: 200 })).toBeUndefined();
  });
});
