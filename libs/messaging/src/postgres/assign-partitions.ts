/**
 * The partitions that fall to `memberId` when all members take turns. Every member comes to the same division from the
 * same list, in whatever order it has it.
 */
export function assignPartitions(partitions: number, memberIds: readonly string[], memberId: string): number[] {
  const turn = [...memberIds].sort().indexOf(memberId);
  if (turn === -1) return [];
  return Array.from({ length: partitions }, (_, partition) => partition).filter(
    (partition) => partition % memberIds.length === turn,
  );
}
