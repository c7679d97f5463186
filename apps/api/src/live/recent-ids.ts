import { detached, type StorableEvent } from '@app/events';

/** Knows the last events by project and id, so that one that was sent again is shown once. */
export class RecentIds {
  private readonly ids = new Set<string>();

  constructor(private readonly most: number) {}

  /** Whether the event is new; from now on it is not. */
  add({ projectId, eventId }: StorableEvent): boolean {
    const id = detached(`${projectId}:${eventId}`);
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    const oldest = this.ids.size > this.most ? this.ids.values().next().value : undefined;
    if (oldest !== undefined) this.ids.delete(oldest);
    return true;
  }
}
