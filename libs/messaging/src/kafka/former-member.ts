import type { Broker, Cluster } from 'kafkajs';
import { hasLeftTheGroup } from './kafka-error';

/** What kafkajs has and its types do not tell. */
interface Coordinator extends Broker {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/**
 * Takes a member out of its group that lost its connection and could not do so itself. The group would wait for it until
 * its session is over, and so would everybody who joins: 10 to 15 s after each restart of a broker.
 */
export async function leaveFor(memberId: string, groupId: string, cluster: Cluster): Promise<void> {
  const coordinator = (await cluster.findGroupCoordinator({ groupId })) as Coordinator;
  try {
    await coordinator.leaveGroup({ groupId, memberId });
  } catch (error) {
    if (!hasLeftTheGroup(error)) throw error;
  }
}
