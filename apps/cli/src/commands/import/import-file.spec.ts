import type { EventOutcome } from '../../api/api-answer';
import { EventSender } from '../../api/event-sender.port';
import { CannotRunError } from '../../cannot-run.error';
import type { ImportBatch } from './import-batches';
import { FileImport } from './import-file';
import { LineReporter } from './line.reporter';
import { refusalText } from './refused-rows';

/** Accepts all but events with the text "bad"; fails from the nth batch on. */
class ScriptedSender extends EventSender {
  readonly batches: (readonly string[])[] = [];

  constructor(private readonly failFrom = Infinity) {
    super();
  }

  override send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    this.batches.push(events);
    if (this.batches.length >= this.failFrom) return Promise.reject(new CannotRunError('away'));
    const errors = [{ field: 'name', code: 'x', message: 'is bad' }];
    return Promise.resolve(events.map((text) => (text === 'bad' ? { accepted: false, errors } : { accepted: true })));
  }
}

const row = (line: number, json: string): ImportBatch[number] => ({
  line,
  bytes: Buffer.from(json),
  converted: { ok: true, json },
});
const broken = (line: number): ImportBatch[number] => ({
  line,
  bytes: Buffer.from('?'),
  converted: { ok: false, errors: [{ field: '', code: 'csv', message: 'is no row' }] },
});

async function* of(...batches: ImportBatch[]): AsyncGenerator<ImportBatch> {
  for (const batch of batches) yield await Promise.resolve(batch);
}

function importWith(sender: EventSender) {
  const out: string[] = [];
  const refused: string[] = [];
  const reporter = new LineReporter(
    (line) => out.push(line),
    (line) => out.push(line),
  );
  const rows = {
    add: (...refusal: Parameters<typeof refusalText>) => refused.push(refusalText(...refusal)),
    close: () => undefined,
  };
  return { work: new FileImport(sender, reporter, rows), out, refused };
}

const never = new AbortController().signal;

describe('FileImport', () => {
  it('tells the line of each refused row in the order of the file, whoever refused it', async () => {
    const { work, out, refused } = importWith(new ScriptedSender());
    await work.run(of([row(2, 'ok'), broken(3), row(5, 'bad'), row(6, 'ok')], [row(7, 'bad')]), never);
    expect(refused).toEqual(['line 3: is no row', 'line 5: name is bad', 'line 7: name is bad']);
    expect(work.totals).toEqual({ batches: 2, read: 5, accepted: 2, refused: 3, lastLine: 7 });
    expect(out).toEqual([
      'import_batch_done accepted=2 read=4 skipped=2 total_accepted=2 total_read=4 total_skipped=2',
      'import_batch_done accepted=0 read=1 skipped=1 total_accepted=2 total_read=5 total_skipped=3',
    ]);
  });

  it('counts a batch only once its outcome is known', async () => {
    const { work } = importWith(new ScriptedSender(2));
    await expect(work.run(of([row(2, 'a')], [row(3, 'b')], [row(4, 'c')]), never)).rejects.toThrow('away');
    expect(work.totals).toMatchObject({ read: 1, accepted: 1, lastLine: 2 });
  });

  it('still learns the outcome of the batch on its way when the file cannot be read on', async () => {
    const { work } = importWith(new ScriptedSender());
    async function* tornFile(): AsyncGenerator<ImportBatch> {
      yield await Promise.resolve([row(2, 'a')]);
      throw new CannotRunError('torn');
    }
    await expect(work.run(tornFile(), never)).rejects.toThrow('torn');
    expect(work.totals).toMatchObject({ accepted: 1 });
  });

  it('sends no further batch once interrupted', async () => {
    const sender = new ScriptedSender();
    const { work } = importWith(sender);
    const interrupt = new AbortController();
    async function* interrupted(): AsyncGenerator<ImportBatch> {
      yield await Promise.resolve([row(2, 'a')]);
      interrupt.abort();
      yield [row(3, 'b')];
    }
    await work.run(interrupted(), interrupt.signal);
    expect(sender.batches).toEqual([['a']]);
    expect(work.totals).toMatchObject({ accepted: 1, lastLine: 2 });
  });
});
