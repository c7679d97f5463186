import { status, type ServiceError } from '@grpc/grpc-js';
import type { PublishBatchReply } from '@app/proto';
import type { EventOutcome } from '../api/api-answer';
import type { RetryPolicy } from '../api/api-event-sender';
import { EventSender } from '../api/event-sender.port';
import { CannotRunError } from '../cannot-run.error';
import type { EventIngestClient, EventStream } from './event-ingest.client';
import { toSentEvent } from './sent-event.convert';

interface Waiting {
  readonly resolve: (reply: PublishBatchReply) => void;
  readonly reject: (error: ServiceError) => void;
}

const RETRY_MS = 500;
/** Trying again would only be told the same. */
const HOPELESS: ReadonlySet<number> = new Set([
  status.INVALID_ARGUMENT,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
]);

/** Sends batches over one `PublishStream`; when it ends, over a new one, what was not answered again with the same ids. */
export class GrpcEventSender extends EventSender {
  private stream: EventStream | undefined;
  private waiting: Waiting[] = [];

  constructor(
    private readonly client: EventIngestClient,
    private readonly retry: RetryPolicy,
  ) {
    super();
  }

  override async send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    const request = { events: events.map(toSentEvent) };
    const giveUpAt = this.retry.now() + this.retry.giveUpAfterMs;
    for (;;) {
      try {
        const reply = await new Promise<PublishBatchReply>((resolve, reject) => {
          const stream = this.opened();
          this.waiting.push({ resolve, reject });
          stream.write(request);
        });
        return outcomesOf(reply);
      } catch (error) {
        const { code, details } = error as ServiceError;
        if (HOPELESS.has(code))
          throw new CannotRunError(`the API answers ${status[code]}: ${details}`, { cause: error });
        if (this.retry.now() + RETRY_MS > giveUpAt)
          throw new CannotRunError(`the API has not confirmed anything for too long: ${details}`, { cause: error });
        this.retry.onRetry(details, RETRY_MS);
        await this.retry.wait(RETRY_MS);
      }
    }
  }

  /** Says that there is no more, which lets the process end. */
  close(): void {
    this.stream?.end();
    this.client.close();
  }

  private opened(): EventStream {
    if (this.stream !== undefined) return this.stream;
    const stream = this.client.stream();
    // Answers come in the order of the batches.
    stream.on('data', (reply: PublishBatchReply) => this.waiting.shift()?.resolve(reply));
    stream.on('error', (error: ServiceError) => {
      const { waiting } = this;
      this.waiting = [];
      this.stream = undefined;
      for (const { reject } of waiting) reject(error);
    });
    return (this.stream = stream);
  }
}

function outcomesOf({ event_ids: ids, errors }: PublishBatchReply): EventOutcome[] {
  return ids.map((id, index) =>
    id === '' ? { accepted: false, errors: errors.filter((error) => error.index === index) } : { accepted: true },
  );
}
