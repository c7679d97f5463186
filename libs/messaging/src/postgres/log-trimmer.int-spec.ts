import { freshEmbeddedTopic, type EmbeddedTopic } from '../../test/embedded-topic';
import { LogTrimmer } from './log-trimmer';
import { PartitionReader } from './partition-reader';

const NEVER = new AbortController().signal;
const DAY_MS = 86_400_000;

describe('LogTrimmer', () => {
  let log: EmbeddedTopic;
  const reader = (group: string): PartitionReader =>
    new PartitionReader(log.database, { group, topic: log.topic, maxRecords: 100, maxBytes: 1_000_000 });
  const trim = (): Promise<number> => new LogTrimmer(log.database, log.topic, DAY_MS).trim(NEVER);
  const age = (below: number): Promise<unknown> =>
    log.database.query(`UPDATE log_records SET published_at = now() - interval '2 days' WHERE "offset" < $1`, [below]);
  const left = async (partition: number): Promise<number[]> => {
    const rows = await log.database.query<{ offset: string }>(
      'SELECT "offset" FROM log_records WHERE partition = $1 ORDER BY "offset"',
      [partition],
    );
    return rows.map(({ offset }) => Number(offset));
  };

  beforeEach(async () => {
    log = await freshEmbeddedTopic(2);
    await log.append(0, 10);
    await log.append(1, 10);
  });
  afterEach(async () => {
    await log.drop();
  });

  it('removes what is old and committed, and nothing else', async () => {
    await age(6);
    await reader('g').commit(new Map([[0, 4], [1, 8]])); // prettier-ignore
    expect(await trim()).toBe(4 + 6);
    expect(await left(0)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(await left(1)).toEqual([6, 7, 8, 9]);
  });

  it('keeps what the slowest group has not committed, and all when a group has only just joined', async () => {
    await age(10);
    await reader('fast').commit(new Map([[0, 10]]));
    await reader('slow').commit(new Map([[0, 3]]));
    await trim();
    expect(await left(0)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    await reader('slow').commit(new Map([[0, 10]]));
    await log.database.query(
      `INSERT INTO log_members (group_name, topic, member_id, partitions) VALUES ('new', $1, gen_random_uuid(), '{}')`,
      [log.topic],
    );
    expect(await trim()).toBe(0);
  });

  it('keeps everything while no group has committed anything', async () => {
    await age(10);
    expect(await trim()).toBe(0);
  });

  it('leaves a log that a new group reads from its oldest record', async () => {
    await age(10);
    await reader('g').commit(new Map([[0, 10], [1, 7]])); // prettier-ignore
    await trim();
    const late = reader('late');
    const batches = await late.poll([0, 1], []);
    expect(batches.map(({ partition, records }) => [partition, records.map(({ offset }) => offset)])).toEqual([
      [1, [7, 8, 9]],
    ]);
    await late.commit(new Map([[1, 10]]));
    expect(await late.poll([0, 1], [])).toEqual([]);
  });
});
