import type { WaitedEvent, WaitedOutcome } from '@app/persistence';

/** The events of one request, each of which was accepted. */
export interface WaitFor {
  readonly projectId: number;
  readonly ingestId: string;
  /** Each id once. */
  readonly eventIds: ReadonlySet<string>;
}

/** One request that waits, and what it knows already. */
export class WaitingRequest {
  private readonly outcomes = new Map<string, WaitedOutcome>();
  private settle: () => void = () => undefined;

  constructor(private readonly wanted: WaitFor) {}

  /** Events that it waits for. */
  get size(): number {
    return this.wanted.eventIds.size;
  }

  /** Resolves with what is known once that is everything, at the end of the time, or when somebody ends it. */
  async settled(timeoutMs: number, gone: AbortSignal): Promise<ReadonlyMap<string, WaitedOutcome>> {
    const end = (): void => {
      this.end();
    };
    const timer = setTimeout(end, timeoutMs);
    gone.addEventListener('abort', end);
    await new Promise<void>((resolve) => (this.settle = resolve));
    clearTimeout(timer);
    gone.removeEventListener('abort', end);
    return this.outcomes;
  }

  /** What it still has to ask for. */
  unknown(): { readonly request: WaitingRequest; readonly event: WaitedEvent }[] {
    const { projectId, ingestId, eventIds } = this.wanted;
    const open = [...eventIds].filter((eventId) => !this.outcomes.has(eventId));
    return open.map((eventId) => ({ request: this, event: { projectId, ingestId, eventId } }));
  }

  tell(eventId: string, outcome: WaitedOutcome): void {
    this.outcomes.set(eventId, outcome);
    if (this.outcomes.size === this.size) this.end();
  }

  /** May be called twice. */
  end(): void {
    this.settle();
  }
}
