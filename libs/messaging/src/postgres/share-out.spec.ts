import { shareOut } from './share-out';

describe('shareOut', () => {
  it('gives everybody everything while there is room', () => {
    expect(shareOut(new Map([[0, 5], [3, 7]]), 100)).toEqual(new Map([[0, 5], [3, 7]])); // prettier-ignore
  });

  it('divides evenly among those who want more than their part', () => {
    expect(shareOut(new Map([[0, 500], [1, 900]]), 100)).toEqual(new Map([[0, 50], [1, 50]])); // prettier-ignore
  });

  it('gives to the others what one with a small backlog leaves over, and all of the room', () => {
    const shares = shareOut(new Map([[0, 1000], [1, 4], [2, 1000]]), 101); // prettier-ignore
    expect(shares.get(1)).toBe(4);
    expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBe(101);
  });

  it('gives one record each to the first ones when there are more partitions than room', () => {
    expect(shareOut(new Map([[7, 10], [1, 1], [4, 10]]), 2)).toEqual(new Map([[1, 1], [7, 1]])); // prettier-ignore
  });
});
