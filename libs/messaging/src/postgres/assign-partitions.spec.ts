import { assignPartitions } from './assign-partitions';

describe('assignPartitions', () => {
  it.each([1, 3, 5, 12, 15])('gives each of 12 partitions to exactly one of %i members, evenly', (count) => {
    const members = Array.from({ length: count }, (_, index) => `member-${index}`);
    const shares = members.map((member) => assignPartitions(12, members, member));
    expect(shares.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const sizes = shares.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('does not depend on the order of the list', () => {
    expect(assignPartitions(12, ['c', 'a', 'b'], 'b')).toEqual(assignPartitions(12, ['a', 'b', 'c'], 'b'));
  });

  it('gives nothing to who is not on the list', () => {
    expect(assignPartitions(12, ['a'], 'b')).toEqual([]);
  });
});
