import type { ListedProject } from '@app/persistence';

/** A project as administrators see it. */
export interface ProjectDto {
  readonly id: number;
  readonly name: string;
  readonly retention_days: number | null;
  readonly events_from: string | null;
}

/** A page of projects; `next_cursor` leads to the next one and is null at the end. */
export interface ProjectPageDto {
  readonly data: readonly ProjectDto[];
  readonly next_cursor: string | null;
}

export function toProjectDto({ id, name, retentionDays, eventsFrom }: ListedProject): ProjectDto {
  return { id, name, retention_days: retentionDays, events_from: eventsFrom };
}
