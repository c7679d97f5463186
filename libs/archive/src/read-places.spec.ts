import { setImmediate as turn } from 'node:timers/promises';
import { ColdUnavailableError } from '@app/persistence';
import { LONGEST_COLD_READ_MS, ReadPlaces } from './read-places';

const LONG = { atOnce: 2, waiting: 3, limitMs: 60_000 };

/** Work that ends when it is told to. */
class Work {
  private finish!: () => void;
  readonly started: Promise<AbortSignal>;
  readonly work: (signal: AbortSignal) => Promise<string>;

  constructor() {
    let begin!: (signal: AbortSignal) => void;
    this.started = new Promise((resolve) => (begin = resolve));
    const done = new Promise<void>((resolve) => (this.finish = resolve));
    this.work = async (signal) => {
      begin(signal);
      await done;
      return 'done';
    };
  }

  end(): void {
    this.finish();
  }
}

async function hasStarted({ started }: Work): Promise<boolean> {
  await turn();
  return Promise.race([started.then(() => true), turn(false)]);
}

describe('places to read', () => {
  it('lets as many work as there are places, and the others in their order', async () => {
    const places = new ReadPlaces(LONG);
    const works = [new Work(), new Work(), new Work(), new Work()];
    const answers = works.map(({ work }) => places.run(work));
    expect(await Promise.all(works.map(hasStarted))).toEqual([true, true, false, false]);
    works[1]!.end();
    expect(await answers[1]).toBe('done');
    expect(await Promise.all(works.map(hasStarted))).toEqual([true, true, true, false]);
    for (const work of works) work.end();
    expect(await Promise.all(answers)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('are two where nobody says otherwise, since DuckDB works on the threads of the process', async () => {
    const places = new ReadPlaces();
    const works = [new Work(), new Work(), new Work()];
    const answers = works.map(({ work }) => places.run(work));
    expect(await Promise.all(works.map(hasStarted))).toEqual([true, true, false]);
    for (const work of works) work.end();
    await Promise.all(answers);
  });

  it('sends away who would be too many in the queue, at once', async () => {
    const places = new ReadPlaces(LONG);
    const works = Array.from({ length: 5 }, () => new Work());
    const answers = works.map(({ work }) => places.run(work));
    await expect(places.run(() => Promise.resolve('never'))).rejects.toBeInstanceOf(ColdUnavailableError);
    for (const work of works) work.end();
    await Promise.all(answers);
    expect(await places.run(() => Promise.resolve('free again'))).toBe('free again');
  });

  it('answers in time whatever the work does, and gives its place away when it has ended', async () => {
    const places = new ReadPlaces({ atOnce: 1, waiting: 1, limitMs: 20 });
    const slow = new Work();
    await expect(places.run(slow.work)).rejects.toThrow('took too long');
    expect((await slow.started).aborted).toBe(true);
    await expect(places.run(() => Promise.resolve('early'))).rejects.toThrow('took too long');
    slow.end();
    await turn();
    expect(await places.run(() => Promise.resolve('free'))).toBe('free');
  });

  it('lets go of who is gone, in the queue and at work', async () => {
    const places = new ReadPlaces({ ...LONG, atOnce: 1, waiting: 1 });
    const [first, second] = [new AbortController(), new AbortController()];
    const work = new Work();
    const answer = places.run(work.work, first.signal);
    const queued = places.run(() => Promise.resolve('never'), second.signal);
    second.abort();
    await expect(queued).rejects.toThrow('Nobody waits');
    const next = places.run(() => Promise.resolve('next'));
    first.abort();
    await expect(answer).rejects.toThrow('Nobody waits');
    expect((await work.started).aborted).toBe(true);
    work.end();
    expect(await next).toBe('next');
    await expect(places.run(() => Promise.resolve('never'), first.signal)).rejects.toThrow('Nobody waits');
  });
});

it('files stay for longer than the database and a read may take together', () => {
  const databaseMs = 10_000;
  const readMs = 5000;
  expect(LONGEST_COLD_READ_MS).toBeGreaterThan(2 * (databaseMs + readMs));
});
