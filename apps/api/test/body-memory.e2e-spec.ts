import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { eventually } from '@app/testing';
import { ApiProcess } from './api-process';
import { jsonForms } from './doors/all-doors';
import { postHead, RawConnection } from './raw-connection';

jest.setTimeout(180_000);

const MIB = 1024 * 1024;
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the memory of the API', () => {
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start({ MILLRACE_REQUEST_BODY_BYTES: '16000000' });
    for (let count = 0; count < 50; count += 1) expect((await post({ name: 'warm-up' })).status).toBe(202);
  });
  afterAll(() => api.stop());

  function post(body: object | Buffer, headers: Record<string, string> = {}): request.Test {
    const call = request(api.url).post('/api/v1/events').set('X-API-Key', api.key);
    if (!Buffer.isBuffer(body)) return call.set(headers).send(body);
    return call
      .set({ 'Content-Type': 'application/json', ...headers })
      .serialize((value: unknown) => value as string)
      .send(body);
  }

  describe('grows by less than 50 MiB while gzip bombs of 1 GiB are refused', () => {
    const member = gzipSync(Buffer.alloc(64 * MIB), { level: 9 });
    const bomb = Buffer.concat(Array<Buffer>(16).fill(member)); // gzip files may be joined end to end

    it.each([
      ...jsonForms.map(
        ([about, head]) => [about, { ...head, headers: { ...head.headers, 'Content-Encoding': 'gzip' } }] as const,
      ),
      ['a batch of Segment that does not say that it is gzip', { path: '/v1/batch', headers: {} }] as const,
    ])('as %s', async (_about, { path, headers }) => {
      const send = async (): Promise<number> => {
        const answer = await fetch(`${api.url}${path}`, {
          method: 'POST',
          headers: { 'X-API-Key': api.key, ...headers },
          body: bomb,
        });
        await answer.arrayBuffer();
        return answer.status;
      };
      const before = api.measureFromNow();
      // All four at once may be more than there is room for; none is taken.
      for (const status of await Promise.all([send(), send(), send(), send()])) expect([413, 503]).toContain(status);
      expect(await send()).toBe(413);
      expect(api.peakRssBytes - before).toBeLessThan(50 * MIB);
    });
  });

  it('stays bounded under 100 slow uploads of 5 MB: what does not fit is 503 at once, and single events are taken', async () => {
    const before = api.measureFromNow();
    const most = Buffer.alloc(4_900_000, ' ');
    const uploads = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const upload = await RawConnection.to(api.port);
        await upload.write(postHead(api.key, { 'Content-Length': 5_000_000 }));
        void upload.write(most);
        return upload;
      }),
    );
    await eventually(() => {
      const answered = uploads.filter(({ statuses }) => statuses.length > 0);
      expect(answered).toHaveLength(98); // two of 5 MB are what three quarters of 16 MB have room for
      expect(answered.every(({ statuses }) => statuses[0] === 503)).toBe(true);
    }, 60_000);
    const example = uploads.find(({ statuses }) => statuses[0] === 503);
    expect(example?.received).toMatch(/^Retry-After: [1-9]\d*\r$/m);
    expect(example?.received).toContain('urn:millrace:problem:overloaded');

    expect((await post({ name: 'meanwhile' })).status).toBe(202);
    expect((await post({ name: 'large', data: { text: 'x'.repeat(200_000) } })).status).toBe(202);
    expect(api.peakRssBytes - before).toBeLessThan(120 * MIB);

    for (const upload of uploads) upload.destroy();
    await eventually(async () => {
      const large = Array.from({ length: 40 }, () => ({ name: 'n', data: { text: 'x'.repeat(100_000) } }));
      expect((await post(large)).status).toBe(202);
    });
  });

  it('holds nothing of the chunked bodies that it has refused, however long their senders stay', async () => {
    const before = api.measureFromNow();
    const large = Buffer.alloc(5_400_000, ' ');
    const clients: RawConnection[] = [];
    for (let count = 0; count < 60; count += 1) {
      const client = await RawConnection.to(api.port);
      clients.push(client);
      await client.write(postHead(api.key, { 'Transfer-Encoding': 'chunked' }));
      await client.write(`${(2 * large.length).toString(16)}\r\n`);
      await client.write(large);
      await eventually(() => {
        expect(client.statuses).toEqual([413]);
      }, 60_000);
    }
    expect(clients.filter(({ isOpen }) => isOpen).length).toBeGreaterThan(40);
    expect(api.peakRssBytes - before).toBeLessThan(120 * MIB);
    for (const client of clients) client.destroy();
  });

  it('does not pay for a body in chunks of one byte more than for any other', async () => {
    const before = api.measureFromNow();
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = await RawConnection.to(api.port);
        await client.write(postHead(api.key, { 'Transfer-Encoding': 'chunked' }));
        await client.write(`${'1\r\n \r\n'.repeat(1_000_000)}0\r\n\r\n`);
        return client;
      }),
    );
    await eventually(() => {
      for (const { statuses } of clients) expect(statuses).toEqual([400]);
    }, 60_000);
    expect(api.peakRssBytes - before).toBeLessThan(150 * MIB);
    for (const client of clients) client.destroy();
  });
});
