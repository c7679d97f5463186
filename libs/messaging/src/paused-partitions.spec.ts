import { pino } from 'pino';
import { PausedPartitions } from './paused-partitions';

const OPTIONS = { firstRetryMs: 100, lastRetryMs: 1000, heldRetryMs: 500 };
const silent = pino({ enabled: false });

describe('PausedPartitions', () => {
  let pauses: number;
  let resumes: number;
  const pausable = {
    partition: 3,
    pause: () => {
      pauses += 1;
      return () => (resumes += 1);
    },
  };

  beforeEach(() => {
    jest.useFakeTimers();
    pauses = 0;
    resumes = 0;
  });
  afterEach(() => jest.useRealTimers());

  it('resumes what waits for the handler, and what is held, after their times', () => {
    const paused = new PausedPartitions(OPTIONS, silent);
    paused.backOff([pausable], new Error('no'));
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'later version' });
    jest.advanceTimersByTime(500);
    expect([pauses, resumes]).toEqual([2, 2]);
  });

  it('makes nothing wait once it is closed, though the running batch fails or is held after that', () => {
    const paused = new PausedPartitions(OPTIONS, silent);
    paused.close();
    paused.backOff([pausable], new Error('no'));
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'later version' });
    expect([pauses, jest.getTimerCount(), paused.list()]).toEqual([0, 0, []]);
  });
});
