import { JsonText, parseEvent } from '@app/events';
import type { EventOutcome } from '../../api/api-answer';
import { EventSender } from '../../api/event-sender.port';

/** Judges events by the rules of the API and sends nothing. */
export class DryRunSender extends EventSender {
  override send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    const receivedAt = new Date();
    const outcomes = events.map((text): EventOutcome => {
      const parsed = parseEvent(JSON.parse(text), {
        projectId: 0,
        receivedAt,
        source: { json: new JsonText(text), path: [] },
      });
      return parsed.ok ? { accepted: true } : { accepted: false, errors: parsed.errors };
    });
    return Promise.resolve(outcomes);
  }
}
