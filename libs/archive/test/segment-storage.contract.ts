import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SegmentGoneError } from '../src/archive.error';
import type { SegmentStorage } from '../src/segment-storage.port';

/** What every storage does. `make` gives one that is open, in that folder and empty. */
export function describeSegmentStorage(make: (folder: string) => Promise<SegmentStorage>): void {
  describe('as every storage', () => {
    let folder: string;
    let storage: SegmentStorage;
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millrace-storage-'));
      storage = await make(folder);
    });
    afterEach(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    function draft(file: string, content = file): string {
      const path = storage.draftPath(file);
      writeFileSync(path, content);
      return path;
    }

    async function publish(file: string, content = file): Promise<void> {
      const path = draft(file, content);
      await storage.settle(path);
      await storage.publish(path, file);
    }

    const read = (files: readonly string[]): Promise<string[]> =>
      storage.reading(files, (paths) => Promise.all(paths.map((path) => readFile(path, 'latin1'))));

    it('gives what was published to those who read, under its name and in the order that was asked for', async () => {
      for (const file of ['a-1.parquet', 'a-2.parquet', 'a-3.parquet']) await publish(file);
      expect(await read(['a-3.parquet', 'a-1.parquet'])).toEqual(['a-3.parquet', 'a-1.parquet']);
      const names = await storage.reading(['a-2.parquet'], (paths) =>
        Promise.resolve(paths.map((path) => basename(path))),
      );
      expect(names).toEqual(['a-2.parquet']);
    });

    it('keeps every byte, of nothing and of much', async () => {
      const much = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 251)).toString('latin1');
      writeFileSync(storage.draftPath('much'), much, 'latin1');
      await storage.publish(storage.draftPath('much'), 'much');
      await publish('nothing', '');
      expect(await read(['much', 'nothing'])).toEqual([much, '']);
    });

    it('names what begins so, drafts too, each until it is removed', async () => {
      await publish('a-1.parquet');
      await publish('b-1.parquet');
      draft('a-2.parquet');
      expect((await storage.list('a-')).sort()).toEqual(['a-1.parquet', 'a-2.parquet.tmp']);
      expect(await Promise.all(['a-1.parquet', 'a-2.parquet'].map((file) => storage.has(file)))).toEqual([true, false]);
      await storage.remove(['a-1.parquet', 'a-2.parquet.tmp']);
      expect(await storage.has('a-1.parquet')).toBe(false);
      expect(await storage.list('a-')).toEqual([]);
      expect(await storage.list('')).toContain('b-1.parquet');
      await expect(read(['a-1.parquet'])).rejects.toThrow();
    });

    it('tells the content of what is stored, and of what is not that it is not there', async () => {
      await publish('a-1.parquet', 'abc');
      const { bytes, sha256 } = await storage.stored('a-1.parquet');
      // FIPS 180-4, the example of one block.
      const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      expect([bytes, sha256.toString('hex')]).toEqual([3, expected]);
      await expect(storage.stored('a-2.parquet')).rejects.toBeInstanceOf(SegmentGoneError);
    });

    it('removes what is not there', async () => {
      await storage.remove(['a-1.parquet', 'a-1.parquet.tmp']);
      expect(await storage.list('a-')).toEqual([]);
    });

    it('lets out what a reader throws', async () => {
      await publish('a-1.parquet');
      const error = new Error('of the reader');
      await expect(storage.reading(['a-1.parquet'], () => Promise.reject(error))).rejects.toBe(error);
    });
  });
}
