import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describeWithS3, S3Server } from '@app/testing';
import { TestBucket } from '../../test/s3-bucket';
import { S3Relay } from '../../test/s3-relay';
import { SegmentDiffersError, SegmentGoneError } from '../archive.error';
import { describeSegmentStorage } from '../../test/segment-storage.contract';
import type { S3Limits } from './s3-bucket';
import { S3SegmentStorage, type S3StorageOptions } from './s3-segment-storage';

const FETCH_LIMIT_MS = 300_000;
const FILE = 'events-1.parquet';

describeWithS3('a bucket', () => {
  let server: S3Server;
  let bucket: TestBucket;
  let relay: S3Relay;
  let folder: string;
  const opened: S3SegmentStorage[] = [];
  beforeAll(async () => {
    server = await S3Server.start();
  }, FETCH_LIMIT_MS);
  afterAll(() => server.stop());
  beforeEach(async () => {
    bucket = await TestBucket.on(server);
    relay = await S3Relay.to(server.port);
    folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'));
  });
  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close();
    await relay.close();
    bucket.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    changed: Partial<S3StorageOptions> = {},
    limits: Partial<S3Limits> = {},
  ): Promise<S3SegmentStorage> {
    const storage = new S3SegmentStorage({ ...bucket.options(folder, relay.endpoint), ...changed }, limits);
    opened.push(storage);
    await storage.prepare();
    return storage;
  }

  /** One that has nothing in its folder yet, as on another machine. */
  const openElsewhere = (limits: Partial<S3Limits> = {}): Promise<S3SegmentStorage> =>
    open({ folder: join(folder, 'elsewhere') }, limits);

  async function publish(storage: S3SegmentStorage, content = 'x'.repeat(200_000)): Promise<void> {
    const draft = storage.draftPath(FILE);
    writeFileSync(draft, content);
    await storage.settle(draft);
    await storage.publish(draft, FILE);
  }

  const read = (storage: S3SegmentStorage): Promise<string> =>
    storage.reading([FILE], ([path = '']) => Promise.resolve(readFileSync(path, 'utf8')));

  describeSegmentStorage((own) => open({ folder: own }));

  it('has a file for other machines, and not for other prefixes', async () => {
    await publish(await open());
    expect(await read(await openElsewhere())).toBe('x'.repeat(200_000));
    expect(await (await open({ prefix: '' })).list('events-')).toEqual([]);
    expect(await (await open({ prefix: '' })).list('old/events/events-')).toEqual([`old/events/${FILE}`]);
  });

  it('knows what it has no longer, and says so to readers', async () => {
    await publish(await open());
    const elsewhere = await openElsewhere();
    expect(await elsewhere.has(FILE)).toBe(true);
    await (await open()).remove([FILE]);
    expect(await elsewhere.has(FILE)).toBe(false);
    await expect(read(elsewhere)).rejects.toBeInstanceOf(SegmentGoneError);
  });

  it('tells the content of the object, not of what was fetched of it', async () => {
    const storage = await open();
    await publish(storage);
    await bucket.spoil(`old/events/${FILE}`);
    expect(await read(storage)).toBe('x'.repeat(200_000));
    await expect(storage.stored(FILE)).rejects.toBeInstanceOf(SegmentDiffersError);
    await (await openElsewhere()).remove([FILE]);
    expect(await storage.has(FILE)).toBe(true);
    await expect(storage.stored(FILE)).rejects.toBeInstanceOf(SegmentGoneError);
  });

  it('names what is on all pages of a list', async () => {
    const storage = await open({}, { listKeys: 2 });
    const names = Array.from({ length: 5 }, (_, n) => `events-${n}`);
    for (const name of names) {
      writeFileSync(storage.draftPath(name), name);
      await storage.publish(storage.draftPath(name), name);
    }
    expect((await storage.list('events-')).sort()).toEqual(names);
  });

  describe.each([true, false])('whose server keeps checksums: %s', (keeps) => {
    beforeEach(() => {
      relay.withoutChecksums = !keeps;
    });

    it('is asked for what it has before the file is published', async () => {
      await publish(await open());
      expect(relay.seen).toEqual(keeps ? ['PUT', 'HEAD'] : ['PUT', 'HEAD', 'GET']);
    });

    it('has nothing of a file that was changed on the way', async () => {
      const storage = await open();
      relay.trouble = (method) => (method === 'PUT' ? 'spoil-body' : undefined);
      await expect(publish(storage)).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
      expect(await storage.list('events-')).toEqual([`${FILE}.tmp`]);
    });
  });

  it('is not believed when what it has is something else than what was sent', async () => {
    const storage = await open();
    relay.trouble = async (method) => {
      if (method === 'HEAD') await bucket.spoil(`old/events/${FILE}`);
      return undefined;
    };
    await expect(publish(storage)).rejects.toThrow('has something else');
  });

  it('gives no reader a file that has changed, and leaves nothing of it on this machine', async () => {
    await publish(await open());
    await bucket.spoil(`old/events/${FILE}`);
    await expect(read(await openElsewhere())).rejects.toMatchObject({ code: 'SEGMENT_DIFFERS' });
    expect(readdirSync(join(folder, 'elsewhere/cache'))).toEqual([]);
  });

  it('is asked again after 503, and where the connection breaks in the middle of a file', async () => {
    relay.trouble = (_, count) => (count < 3 ? 'slow-down' : undefined);
    await publish(await open());
    expect(relay.seen).toEqual(['PUT', 'PUT', 'PUT', 'HEAD', 'HEAD', 'HEAD']);
    relay.trouble = (_, count) => (count < 3 ? 'cut-answer' : undefined);
    expect(await read(await openElsewhere())).toBe('x'.repeat(200_000));
  });

  it.each<[string, Partial<S3StorageOptions>, string]>([
    [
      'the secret is wrong',
      { credentials: { accessKeyId: 'test-key', secretAccessKey: 'hunter2' } },
      'SignatureDoesNotMatch',
    ],
    ['the key is unknown', { credentials: { accessKeyId: 'hunter2', secretAccessKey: 'x' } }, 'InvalidAccessKeyId'],
    ['there is no such bucket', { bucket: 'nobody-has-this' }, 'NoSuchBucket'],
  ])('says so at once, and nothing of keys, when %s', async (_, wrong, said) => {
    const storage = await open(wrong);
    // A server that answers before it has read a long body may cut it off, and that is tried again.
    const error: unknown = await publish(storage, 'short').catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'SEGMENT_NOT_WRITTEN', retriable: true });
    expect((error as Error).message).toContain(said);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|test-key|Signature=/);
    expect(relay.seen).toEqual(['PUT']);
    await expect(storage.list('')).rejects.toMatchObject({ code: 'SEGMENT_UNAVAILABLE' });
  });

  it('is away, and as it was when it is back', async () => {
    const storage = await open({}, { tries: 2 });
    relay.trouble = () => 'away';
    await expect(publish(storage)).rejects.toMatchObject({ code: 'SEGMENT_NOT_WRITTEN' });
    expect(readdirSync(folder)).toContain(`${FILE}.tmp`);
    relay.trouble = () => undefined;
    await publish(storage);
    const elsewhere = await openElsewhere({ tries: 2 });
    relay.trouble = () => 'away';
    expect(await read(storage)).toBe('x'.repeat(200_000));
    await expect(read(elsewhere)).rejects.toMatchObject({ code: 'SEGMENT_UNAVAILABLE', retriable: true });
    relay.trouble = () => undefined;
    expect(await read(elsewhere)).toBe('x'.repeat(200_000));
  });

  it('is given up when it says nothing for too long', async () => {
    await publish(await open());
    const elsewhere = await openElsewhere({ idleMs: 300, tries: 2 });
    server.signal('SIGSTOP');
    try {
      await expect(read(elsewhere)).rejects.toMatchObject({ code: 'SEGMENT_UNAVAILABLE' });
    } finally {
      server.signal('SIGCONT');
    }
    expect(await read(await open({ folder: join(folder, 'third') }))).toBe('x'.repeat(200_000));
  });
});
