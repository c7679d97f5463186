import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { ApiProcess } from './api-process';

jest.setTimeout(240_000);

const MIB = 1024 * 1024;
const ROWS = 200_000;
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the memory of the API', () => {
  let api: ApiProcess;

  beforeAll(async () => {
    // Little room for garbage, so that what is resident is what is needed: with its defaults Node lets 100 MB gather.
    api = await ApiProcess.start({ NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=80' });
    const data = { text: 'x'.repeat(300), list: [1, 2, 3] };
    for (let from = 0; from < ROWS; from += 20_000) {
      await api.db.database.query(
        `INSERT INTO events (project_id, event_id, occurred_at, received_at, name, user_id, data)
         SELECT 1, gen_random_uuid(), '2026-01-01'::timestamptz + interval '1 s' * n, now(), 'n', 'user-' || n % 1000, $1::jsonb
         FROM generate_series($2::int4, $2::int4 + 19999) AS n`,
        [data, from],
      );
    }
  });
  afterAll(() => api.stop());

  async function begin(filter = ''): Promise<IncomingMessage> {
    const url = `${api.url}/api/v1/events.ndjson${filter}`;
    return new Promise((resolve, reject) => {
      get(url, { headers: { 'X-API-Key': api.key } }, resolve).on('error', reject);
    });
  }

  async function lines(response: IncomingMessage): Promise<number> {
    let count = 0;
    response.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
    });
    await once(response, 'end');
    return count;
  }

  it('grows by less than 30 MiB while 200,000 events are exported to a reader that stops for a while', async () => {
    const some = new Date(Date.UTC(2026, 0, 1) + 40_000_000).toISOString();
    expect(await lines(await begin(`?to=${some}`))).toBe(40_000); // warm
    const before = api.measureFromNow();
    const response = await begin();
    // It takes nothing while another one takes all, for as long as reading all would need.
    expect(await lines(await begin())).toBe(ROWS);
    expect(await lines(response)).toBe(ROWS);
    expect(response.complete).toBe(true);
    expect(api.peakRssBytes - before).toBeLessThan(30 * MIB);
  });
});
