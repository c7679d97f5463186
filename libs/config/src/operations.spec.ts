import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings';

const page = readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8');

/** Rows of the table whose first cell is a variable. */
function rows(): string[][] {
  return page
    .split('\n')
    .filter((line) => /^\| `[A-Z][A-Z0-9_]*`/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

it('docs/operations.md has every variable with its default and what it does, and no other', () => {
  const expected = Object.values(settings).map(({ name, defaultText, about }) => {
    const value = defaultText === undefined || defaultText === '' ? '' : `\`${defaultText}\``;
    return [`\`${name}\``, value, about];
  });
  expect(rows()).toEqual(expected);
});
