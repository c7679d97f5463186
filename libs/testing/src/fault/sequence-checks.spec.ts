import { duplicatesIn, gapsIn } from './sequence-checks';

describe('duplicatesIn', () => {
  it('names each value that occurs more than once', () => {
    expect(duplicatesIn(['a', 'b', 'a', 'c', 'c', 'a'])).toEqual(['a', 'c']);
    expect(duplicatesIn([1, 2, 3])).toEqual([]);
  });
});

describe('gapsIn', () => {
  it('names what is missing from a range, its ends included', () => {
    expect(gapsIn([11, 13, 14], 10, 16)).toEqual([10, 12, 15]);
    expect(gapsIn([12, 11, 10], 10, 13)).toEqual([]);
  });

  it('stops at 50', () => {
    expect(gapsIn([], 0, 1e9)).toHaveLength(50);
  });
});
