import { DryRunSender } from './dry-run.sender';

describe('DryRunSender', () => {
  it('refuses what the API would refuse, by the text that would be sent', async () => {
    const outcomes = await new DryRunSender().send([
      '{"event_id":"018f4e9a-0000-7000-8000-000000000001","name":"ok","data":{"n":1}}',
      '{"event_id":"7","name":"x"}',
      '{"name":"x","data":{"n":9007199254740993}}',
    ]);
    expect(outcomes).toMatchObject([
      { accepted: true },
      { accepted: false, errors: [{ field: 'event_id' }] },
      { accepted: false, errors: [{ field: 'data.n' }] },
    ]);
  });
});
