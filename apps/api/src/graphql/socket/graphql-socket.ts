import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

/** A ping that is not answered until the next one: the client is gone, though the network did not say so. */
const PING_MS = 12_000;
/** A client that has taken nothing for so long, while there is something for it, is let go. */
const STALLED_MS = 5000;
/** What may wait for a client that reads slower than it is sent to. */
const MAX_WAITING_BYTES = 8 << 20;
/** The same as long as no key is known: then only small answers are due. */
const MAX_STRANGERS_BYTES = 65_536;

/** "Try again later" (https://www.iana.org/assignments/websocket): clients do. */
export const TRY_AGAIN = 1013;
const TOO_SLOW = 'Too slow: what was sent was not taken in time.';

interface End {
  readonly code: number;
  readonly reason: string;
}

/** One WebSocket: what waits to be taken is bounded, and a client that is gone or takes nothing is let go. */
export class GraphqlSocket {
  private keyKnown = false;
  private closing = false;
  private end: End | undefined;
  private readonly whenSettled: (() => void)[] = [];
  private readonly whenLeaving = new Set<(stalled: boolean) => void>();
  private waiting = 0;
  private takenAt = performance.now();
  private pingedAt = performance.now();
  private answered = true;
  /** The last ping of the client, which is answered when the pong before has been taken. */
  private ping: Buffer | undefined;
  private pongWaits = false;

  constructor(
    private readonly socket: WebSocket,
    readonly request: IncomingMessage,
  ) {
    socket.on('pong', () => (this.answered = true));
    socket.on('ping', (data: Buffer) => {
      this.ping = data;
      if (!this.pongWaits) this.pong();
    });
    // A message too large, a frame that is none: ws closes it with the code that says so.
    socket.on('error', () => undefined);
    socket.once('close', (code, reason) => {
      this.end = { code, reason: reason.toString() };
      this.settle();
      this.leave(false);
    });
  }

  /** Whether its key is known. */
  get known(): boolean {
    return this.keyKnown;
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  /** Called once: when the key is known, or the socket is over before. */
  onceSettled(told: () => void): void {
    this.whenSettled.push(told);
  }

  /** Called once; at once when it is closed already. */
  onceClosed(told: (code: number, reason: string) => void): void {
    const { end, socket } = this;
    if (end !== undefined) told(end.code, end.reason);
    else
      socket.once('close', (code, reason) => {
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
  becomeKnown(): void {
    this.keyKnown = true;
    this.settle();
  }

  /** Resolves when the client's system has taken it, or the socket is over: who waits for that sends at the client's pace. */
  send(text: string): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    if (socket.bufferedAmount > (this.keyKnown ? MAX_WAITING_BYTES : MAX_STRANGERS_BYTES)) {
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

  /** @param graceMs for the client to answer, counted anew whenever it takes something; then it is cut off. */
  close(code: number, reason: string, graceMs = STALLED_MS): void {
    if (this.closing) return;
    this.closing = true;
    this.leave(false);
    this.socket.close(code, reason);
    this.takenAt = performance.now();
    this.cutAfter(graceMs);
  }

  /** At once and without a word. */
  cut(): void {
    this.socket.terminate();
  }

  /** To be called about every second. */
  tick(): void {
    if (this.closing) return;
    const now = performance.now();
    if (this.waiting > 0 && now - this.takenAt > STALLED_MS) this.drop();
    if (now - this.pingedAt < PING_MS) return;
    if (!this.answered) {
      this.cut();
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

  private cutAfter(graceMs: number): void {
    if (this.end !== undefined) return;
    const leftMs = this.takenAt + graceMs - performance.now();
    if (leftMs <= 0) this.cut();
    else
      setTimeout(() => {
        this.cutAfter(graceMs);
      }, leftMs).unref();
  }

  /** One at a time, for the newest ping, as RFC 6455 allows (section 5.5.3): many would wait for a client that does not read. */
  private pong(): void {
    const { ping } = this;
    this.ping = undefined;
    this.pongWaits = ping !== undefined;
    if (ping === undefined) return;
    this.socket.pong(ping, false, () => {
      this.pong();
    });
  }

  private settle(): void {
    for (const told of this.whenSettled.splice(0)) told();
  }

  private leave(stalled: boolean): void {
    for (const told of this.whenLeaving) told(stalled);
    this.whenLeaving.clear();
  }
}
