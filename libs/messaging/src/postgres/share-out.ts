/**
 * Divides `room` among partitions with a backlog: what one with little to read leaves over goes to the others. When
 * there is less room than partitions, the first ones get it.
 *
 * @param backlogs partition → records that it has, at least 1.
 * @returns partition → records to read, at least 1.
 */
export function shareOut(backlogs: ReadonlyMap<number, number>, room: number): Map<number, number> {
  const smallestFirst = [...backlogs].slice(0, room).sort(([, a], [, b]) => a - b);
  let left = room;
  return new Map(
    smallestFirst.map(([partition, backlog], index) => {
      const share = Math.min(backlog, Math.floor(left / (smallestFirst.length - index)));
      left -= share;
      return [partition, share];
    }),
  );
}
