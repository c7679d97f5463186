import { problems, ProblemError } from './problem';

/** Bodies up to this size may use all of the budget, so that a few slow large uploads never shut out single events. */
const SMALL_BODY_BYTES = 65_536;
/** What larger bodies may use of it. */
const LARGE_SHARE = 0.75;

/** Bytes of request bodies that one process holds at a time, as sent and inflated; how many clients send, it cannot choose. */
export class BodyBudget {
  private held = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes held now. */
  get heldBytes(): number {
    return this.held;
  }

  /** An empty share for one request; its owner releases it, whatever happens. */
  open(): BodyShare {
    return new BodyShare((bytes, ofRequest) => {
      this.take(bytes, ofRequest);
    });
  }

  private take(bytes: number, ofRequest: number): void {
    const limit = ofRequest > SMALL_BODY_BYTES ? this.maxBytes * LARGE_SHARE : this.maxBytes;
    if (bytes > 0 && this.held + bytes > limit) throw new ProblemError(problems.overloaded());
    this.held += bytes;
  }
}

/** What one request holds of the budget. */
export class BodyShare {
  private taken = 0;

  constructor(private readonly grant: (bytes: number, ofRequest: number) => void) {}

  /** @throws {ProblemError} 503 when there is no room; what was taken before stays taken. */
  take(bytes: number): void {
    this.grant(bytes, this.taken + bytes);
    this.taken += bytes;
  }

  /** May be called twice. */
  release(): void {
    this.grant(-this.taken, 0);
    this.taken = 0;
  }
}
