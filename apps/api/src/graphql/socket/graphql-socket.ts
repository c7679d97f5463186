import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

/** A ping that is not answered until the next one: the client is gone, though the network did not say so. */
const PING_MS = 12_000;
/** A client that has taken nothing for so long, while there is something for it, is let go. */
const STALLED_MS = 5000;
/** What may wait for a client that reads slower than it is sent to. */
const MAX_WAITING_BYTES = 8 << 20;

/** "Try again later" (https://www.iana.org/assignments/websocket): clients do. */
export const TRY_AGAIN = 1013;
const TOO_SLOW = 'Too slow: what was sent was not taken in time.';

/** One WebSocket: what waits to be taken is bounded, and a client that is gone or takes nothing is let go. */
export class GraphqlSocket {
  /** Whether its key is known. */
  known = false;
  private readonly whenKnown: (() => void)[] = [];
  private readonly whenLeaving = new Set<(stalled: boolean) => void>();
  private waiting = 0;
  private takenAt = performance.now();
  private pingedAt = performance.now();
  private answered = true;

  constructor(
    private readonly socket: WebSocket,
    readonly request: IncomingMessage,
  ) {
    socket.on('pong', () => (this.answered = true));
    // A message too large, a frame that is none: ws closes it with the code that says so.
    socket.on('error', () => undefined);
    this.onceClosed(() => {
      this.tellKnown();
      this.leave(false);
    });
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  /** Called once: when the key is known, or the socket is over before. */
  onceKnown(told: () => void): void {
    this.whenKnown.push(told);
  }

  onceClosed(told: (code: number, reason: string) => void): void {
    this.socket.once('close', (code, reason) => {
      told(code, reason.toString());
    });
  }

  /**
   * Called when nothing more can be sent: the socket closes, by whichever side; `stalled` when the client took nothing.
   *
   * @returns ends it.
   */
  onceLeaving(told: (stalled: boolean) => void): () => void {
    this.whenLeaving.add(told);
    return () => {
      this.whenLeaving.delete(told);
    };
  }

  onMessage(take: (text: string) => Promise<void>): void {
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) this.close(1003, 'Messages are text.');
      else void take((data as Buffer).toString());
    });
  }

  /** The key is good. */
  tellKnown(isGood = false): void {
    this.known ||= isGood;
    for (const told of this.whenKnown.splice(0)) told();
  }

  /** Resolves when the client's system has taken it, or the socket is over: who waits for that sends at the client's pace. */
  send(text: string): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    if (socket.bufferedAmount > MAX_WAITING_BYTES) {
      this.drop();
      return Promise.resolve();
    }
    if (this.waiting === 0) this.takenAt = performance.now();
    this.waiting += 1;
    return new Promise((resolve) => {
      socket.send(text, () => {
        this.waiting -= 1;
        this.takenAt = performance.now();
        resolve();
      });
    });
  }

  /** @param graceMs for the client to answer; then it is cut off. */
  close(code: number, reason: string, graceMs = STALLED_MS): void {
    this.leave(false);
    this.socket.close(code, reason);
    setTimeout(() => {
      this.socket.terminate();
    }, graceMs).unref();
  }

  /** To be called about every second. */
  tick(): void {
    const now = performance.now();
    if (this.waiting > 0 && now - this.takenAt > STALLED_MS) this.drop();
    if (now - this.pingedAt < PING_MS) return;
    if (!this.answered) {
      this.socket.terminate();
      return;
    }
    this.pingedAt = now;
    this.answered = false;
    this.socket.ping();
  }

  /** The reason comes behind what waits already: who reads on finds it. */
  private drop(): void {
    this.leave(true);
    this.close(TRY_AGAIN, TOO_SLOW);
  }

  private leave(stalled: boolean): void {
    for (const told of this.whenLeaving) told(stalled);
    this.whenLeaving.clear();
  }
}
