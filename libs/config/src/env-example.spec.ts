import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings';

const example = readFileSync(join(__dirname, '../../../.env.example'), 'utf8');

/** `# NAME=value` or `NAME=value`, with the comment line above it. */
function documented(): Map<string, { about: string; value: string }> {
  const lines = example.split('\n');
  const found = new Map<string, { about: string; value: string }>();
  lines.forEach((line, index) => {
    const match = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (match === null) return;
    found.set(match[1] ?? '', { about: (lines[index - 1] ?? '').replace(/^# /, ''), value: match[2] ?? '' });
  });
  return found;
}

describe('.env.example', () => {
  it('has every variable of the configuration and no other', () => {
    const names = Object.values(settings).map((setting) => setting.name);
    expect([...documented().keys()].sort()).toEqual([...names].sort());
  });

  it.each(Object.values(settings).map((setting) => [setting.name, setting] as const))(
    'says of %s what it does and its default',
    (name, setting) => {
      expect(documented().get(name)).toEqual({ about: setting.about, value: setting.defaultText ?? '' });
    },
  );
});
