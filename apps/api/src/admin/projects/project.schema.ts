import type { StoredProject } from '@app/persistence';
import { objectOf, text } from '../../openapi/schema';

/** A project as every answer shows it. */
export const PROJECT = objectOf<StoredProject>('Project', {
  required: { id: { type: 'integer', minimum: 1 }, name: text('Unique.') },
  optional: {},
});
