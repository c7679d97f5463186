import { Injectable } from '@nestjs/common';
import type { EventRecord } from '@app/messaging';
import { DeadLetterChanges, type StoredDeadLetter } from '@app/persistence';
import { RefusedValues } from './refused-values';
import { toAcceptedRecord, toReplayRecord } from './replay-record.convert';

/** Makes the records of replays. */
@Injectable()
export class ReplayRecords {
  constructor(
    private readonly changes: DeadLetterChanges,
    private readonly doors: RefusedValues,
  ) {}

  /** Undefined for what its door refuses again: its letter has one attempt more, and the reason. */
  async of(letter: StoredDeadLetter): Promise<EventRecord | undefined> {
    const { id, projectId, headers, value, createdAt: receivedAt } = letter;
    // The header alone tells it of a letter that a consumer has written who did not know the stage. With that header it
    // would come back as a new refusal, again and again.
    if (letter.stage !== 'accept' && !('refused' in headers)) return toReplayRecord(letter);
    const door = headers['door']?.[0]?.toString() ?? '';
    const parsed = this.doors.read(door, value ?? Buffer.alloc(0), { projectId, receivedAt });
    if (!parsed.ok) {
      const detail = parsed.errors.map(({ field, message }) => `${field} ${message}`.trim()).join('; ');
      await this.changes.refusedAgain(projectId, id, { reason: letter.reason, detail });
      return undefined;
    }
    const eventId = await this.changes.claimEventId(projectId, id, parsed.event.eventId);
    return eventId === undefined ? undefined : toAcceptedRecord(letter, { ...parsed.event, eventId });
  }
}
