import { pino } from 'pino';
import { recordingLogger } from '../test/recording-logger';
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

  it('holds what could not be read until it can be, and says each once, at the level of its cause', () => {
    const { logger, lines } = recordingLogger();
    const paused = new PausedPartitions(OPTIONS, logger);
    for (let times = 0; times < 2; times += 1) {
      paused.hold(pausable, { partition: 3, offset: 7, reason: 'busy', unreadable: 'transient' });
      jest.advanceTimersByTime(500);
    }
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'CRC', unreadable: 'lasting' });
    paused.readable(3);
    paused.readable(3);
    expect([paused.held(), lines.map(({ level }) => level)]).toEqual([[], [40, 50, 30]]);
    expect([pauses, resumes, jest.getTimerCount()]).toEqual([3, 3, 0]);
  });

  it('goes on holding a record that can be read and is not for this program', () => {
    const paused = new PausedPartitions(OPTIONS, silent);
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'later version' });
    paused.readable(3);
    expect(paused.held()).toEqual([3]);
    paused.moved(3, 8);
    expect(paused.held()).toEqual([]);
  });

  it('waits from the last hold on when a partition is held again before it was tried', () => {
    const paused = new PausedPartitions(OPTIONS, silent);
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'later version' });
    jest.advanceTimersByTime(400);
    paused.hold(pausable, { partition: 3, offset: 7, reason: 'later version' });
    jest.advanceTimersByTime(400);
    expect([resumes, paused.list()]).toEqual([0, [3]]);
    jest.advanceTimersByTime(100);
    expect([resumes, paused.list()]).toEqual([1, []]);
  });
});
