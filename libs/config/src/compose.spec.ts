import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings';

const compose = readFileSync(join(__dirname, '../../../docker-compose.app.yml'), 'utf8');

describe('docker-compose.app.yml', () => {
  it('hands the apps no variable that the configuration does not know', () => {
    const known = new Set(Object.values(settings).map((setting) => setting.name));
    const given = [...compose.matchAll(/^\s+([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name ?? '');
    expect(given.length).toBeGreaterThan(8);
    expect(given.filter((name) => !known.has(name))).toEqual([]);
  });

  it('holds no password', () => {
    expect(compose).not.toMatch(/PASSWORD:-[^}]/);
  });
});
