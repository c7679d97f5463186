import { OutcomeLog } from './outcome-log';

describe('OutcomeLog', () => {
  it('finds the number of its own ids and of no others', () => {
    const log = new OutcomeLog(new Date(), 'abc123');
    const { eventId } = log.begin();
    log.begin();
    expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7abc-8123-0{12}$/);
    expect(log.numberOf(eventId.toUpperCase())).toBe(0);
    expect(log.numberOf(log.eventIdOf(1))).toBe(1);
    expect(log.numberOf(log.eventIdOf(2))).toBeUndefined();
    expect(log.numberOf(`${eventId.slice(0, -1)}z`)).toBeUndefined();
    expect(new OutcomeLog(new Date(), 'abc124').numberOf(eventId)).toBeUndefined();
  });

  it('counts an event as unknown from the moment it is taken', () => {
    const log = new OutcomeLog();
    expect(log.outcomeOf(0)).toBeUndefined();
    expect(log.outcomeOf(log.begin().number)).toBe('unknown');
  });

  it('lets the strongest answer win', () => {
    const log = new OutcomeLog();
    const first = log.begin().number;
    log.settle(first, 'refused', 1);
    expect(log.outcomeOf(first)).toBe('unknown');
    log.settle(first, 'ok', 2);
    log.settle(first, 'refused', 0);
    expect(log.outcomeOf(first)).toBe('ok');
  });

  it('holds more than it began with', () => {
    const log = new OutcomeLog();
    for (let count = 0; count < 5000; count += 1) log.settle(log.begin().number, count % 2 === 0 ? 'ok' : 'refused');
    expect([log.size, log.count('ok'), log.count('refused'), log.count('unknown')]).toEqual([5000, 2500, 2500, 0]);
  });
});
