import type { StoredProject } from '@app/persistence';
import { objectOf, orNull, text } from '../../openapi/schema';
import type { ProjectDto } from './project.convert';
import { RETENTION_DAYS } from './is-retention-days';

const NAMED = { id: { type: 'integer', minimum: 1 }, name: text('Unique.') } as const;

/** The project that something belongs to. */
export const OWNER = objectOf<StoredProject>('Owner', { required: NAMED, optional: {} });

/** A project as every answer about projects shows it. */
export const PROJECT = objectOf<ProjectDto>('Project', {
  required: {
    ...NAMED,
    retention_days: { ...RETENTION_DAYS, description: 'Older events are dropped; null: none are.' },
    events_from: orNull({
      type: 'string',
      format: 'date',
      description: 'Some events before this UTC day were dropped; null: none were.',
    }),
  },
  optional: {},
});
