import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricCatalog } from './metric-catalog';

const ROOT = join(__dirname, '../../../..');
const names = metricCatalog.map(({ name }) => name);

/** Rows of every table of the page, cell by cell. */
function documented(): string[][] {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/metrics.md', () => {
  it('says of every metric what the program says, and knows no other', () => {
    const expected = metricCatalog.map(({ name, type, labels, help, alarm }) => [
      `\`${name}\``,
      type,
      labels.join(', '),
      help,
      alarm,
    ]);
    expect(documented()).toEqual(expected);
  });
});

describe('the alert rules', () => {
  const rules = readFileSync(join(ROOT, 'docker/prometheus/alerts.yml'), 'utf8');

  it('ask for metrics that exist', () => {
    const asked = [...rules.matchAll(/\b([a-z]+(?:_[a-z]+)+)(?:\{|\[|\)| [<>=!])/g)].map(([, name]) => name ?? '');
    const known = new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !known.has(name) && name !== 'histogram_quantile')).toEqual([]);
  });

  it('ask for every metric that somebody should look at, but for the one that needs to know a disk', () => {
    const looked = metricCatalog.filter(({ alarm }) => alarm !== '').map(({ name }) => name);
    expect(looked.filter((name) => !new RegExp(`\\b${name}(_bucket)?\\b`).test(rules))).toEqual(['cold_bytes']);
  });
});

it('names every metric once, and counters as Prometheus wants them', () => {
  expect(new Set(names).size).toBe(names.length);
  for (const { name, type } of metricCatalog) expect(name.endsWith('_total')).toBe(type === 'counter');
});
