import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ServerUnavailableError } from './embedded.error';
import { openFolder } from './open-folder';

describe('openFolder', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(realpathSync(tmpdir()), 'millrace-folder-'));
    chmodSync(parent, 0o750);
  });
  afterEach(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  const modeOf = (path: string): number => statSync(path).mode & 0o7777;

  it.each([
    ['an absolute path', (path: string) => path],
    ['a relative path', (path: string) => relative(process.cwd(), path)],
  ])('lets others pass through what it makes, and changes nothing above, for %s', (_, form) => {
    const above = modeOf(tmpdir());
    expect(openFolder(form(join(parent, 'a/b')))).toBe(join(parent, 'a/b'));
    expect([modeOf(join(parent, 'a')), modeOf(join(parent, 'a/b'))]).toEqual([0o711, 0o711]);
    expect([modeOf(parent), modeOf(tmpdir())]).toEqual([0o750, above]);
  });

  it('leaves a folder that was there as it was', () => {
    mkdirSync(join(parent, 'there'), { mode: 0o700 });
    openFolder(join(parent, 'there'));
    expect(modeOf(join(parent, 'there'))).toBe(0o700);
  });

  it('says which folder cannot be used', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(() => openFolder(join(parent, 'file'))).toThrow(ServerUnavailableError);
    expect(() => openFolder(join(parent, 'file'))).toThrow(join(parent, 'file'));
  });
});
