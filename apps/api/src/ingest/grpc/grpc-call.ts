import type { Http2Stream } from 'node:http2';
import { performance } from 'node:perf_hooks';
import { Metadata, status, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js';
import type { BodyShare } from '../../transport/body-budget';
import { presentedKey } from '../../transport/auth/authorize';
import { problems, ProblemError, type Problem } from '../../transport/problem';
import { saneRequestId } from '../../transport/request-id';
import { fromProblem } from './call-status.convert';
import { MessageInflater } from './message-inflater';
import type { WireRequest } from './publish-request.codec';

/** The call is over (cancelled, past its deadline, or answered): nobody is left to tell anything. */
export class CallOverError extends Error {}

/** What grpc-js 1.14 has and shows to nobody. */
interface HiddenParts {
  readonly stream?: Http2Stream;
  decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

interface Waiting {
  readonly resolve: (request: WireRequest | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface GrpcCallOptions {
  readonly method: string;
  /** What the call's unread messages hold of the budget for bodies. */
  readonly share: BodyShare;
  /** Told once, when the call is over. */
  readonly onOver: (call: GrpcCall, code: status) => void;
}

/**
 * One call on its way, directly on grpc-js' call. Its own streams would read on by themselves, 16 messages ahead, before
 * a key was seen; here nothing is read that was not asked for, and HTTP/2 holds the client back.
 */
export class GrpcCall {
  readonly method: string;
  readonly startedAt = performance.now();
  requestId = '';
  key: string | undefined;
  /** The server has asked it to come to its end. */
  stopped = false;
  private over = false;
  private headersSent = false;
  private waiting: Waiting | undefined;
  private writing: ((error: unknown) => void) | undefined;
  private readonly inflater: MessageInflater;
  private readonly send: (status: StatusObject) => void;

  constructor(
    private readonly raw: ServerInterceptingCallInterface,
    private readonly options: GrpcCallOptions,
  ) {
    this.method = options.method;
    const hidden = raw as HiddenParts;
    this.inflater = new MessageInflater(this.hold);
    const decompress = hidden.decompressMessage?.bind(raw);
    if (decompress !== undefined) hidden.decompressMessage = this.inflater.instead(decompress);
    // What grpc-js refuses by itself (size, compression, deadline) it sends by this method of its own.
    this.send = raw.sendStatus.bind(raw);
    raw.sendStatus = (ended) => {
      this.finish(this.explained(ended as StatusObject));
    };
    this.countBytes(hidden.stream);
    raw.start({
      onReceiveMetadata: (metadata) => {
        this.takeMetadata(metadata);
      },
      onReceiveMessage: (request) => {
        this.inflater.deliver();
        this.taken()?.resolve(request as WireRequest);
      },
      onReceiveHalfClose: () => {
        this.taken()?.resolve(undefined);
      },
      onCancel: () => {
        this.close(Date.now() >= this.deadlineMs ? status.DEADLINE_EXCEEDED : status.CANCELLED);
      },
    });
  }

  /** When the client gives up, on the clock of `Date`; Infinity without a deadline. */
  get deadlineMs(): number {
    const deadline = this.raw.getDeadline();
    return typeof deadline === 'number' ? deadline : deadline.getTime();
  }

  /** Waits for the client's next word. */
  get isReading(): boolean {
    return this.waiting !== undefined;
  }

  /**
   * The next message; undefined when there is none any more, or the call was stopped.
   *
   * @throws {CallOverError}
   */
  message(): Promise<WireRequest | undefined> {
    if (this.over) return Promise.reject(new CallOverError());
    if (this.stopped) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.raw.startRead();
      // Unless it was there and came at once.
      if (this.isReading) this.inflater.want();
    });
  }

  /** @throws {CallOverError} also when only the clock says so yet: a call whose deadline has passed publishes nothing. */
  assertRunning(): void {
    if (!this.over && Date.now() < this.deadlineMs) return;
    throw new CallOverError();
  }

  /** Resolves once it has left, which a client that does not read delays. @throws {CallOverError} */
  answer(response: Buffer): Promise<void> {
    if (this.over) return Promise.reject(new CallOverError());
    this.sendHeaders();
    return new Promise((resolve, reject) => {
      this.writing = reject;
      this.raw.sendMessage(response, () => {
        this.writing = undefined;
        resolve();
      });
    });
  }

  /** Answers and ends with OK. */
  end(response?: Buffer): void {
    if (this.over) return;
    this.sendHeaders();
    if (response !== undefined) this.raw.sendMessage(response, () => undefined);
    this.finish({ code: status.OK, details: 'OK', metadata: new Metadata() });
  }

  fail(ended: StatusObject): void {
    this.finish(ended);
  }

  /** Reads no more; who waits for a message gets none. */
  stop(): void {
    this.stopped = true;
    this.taken()?.resolve(undefined);
  }

  /** The messages read so far are somebody else's now. */
  releaseBytes(): void {
    this.options.share.release();
  }

  private taken(): Waiting | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }

  private takeMetadata(metadata: Metadata): void {
    const [sent] = metadata.get('x-request-id');
    this.requestId = saneRequestId(sent);
    const [key] = metadata.get('x-api-key');
    const [authorization] = metadata.get('authorization');
    this.key = presentedKey({ headers: { 'x-api-key': key?.toString(), authorization: authorization?.toString() } });
  }

  private sendHeaders(): void {
    if (this.headersSent) return;
    this.headersSent = true;
    const metadata = new Metadata();
    metadata.set('x-request-id', this.requestId);
    this.raw.sendMetadata(metadata);
  }

  private finish(ended: StatusObject): void {
    if (this.over) return;
    this.send(ended);
    this.close(ended.code);
  }

  private close(code: status): void {
    if (this.over) return;
    this.over = true;
    this.options.share.release();
    this.options.onOver(this, code);
    const gone = new CallOverError();
    this.taken()?.reject(gone);
    this.writing?.(gone);
  }

  /**
   * Counts what arrives against the budget while no message is complete: a client decides how many calls it begins and
   * how slowly it goes on.
   */
  private countBytes(stream: Http2Stream | undefined): void {
    stream?.on('data', (chunk: Buffer) => {
      this.hold(chunk.length);
    });
  }

  /** False when nothing more is wanted: the call is over, now at the latest. */
  private readonly hold = (bytes: number): boolean => {
    if (this.over) return false;
    try {
      this.options.share.take(bytes);
      return true;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.finish(fromProblem(error.problem, this.requestId));
      return false;
    }
  };

  /** In grpc-js' words a client that compresses badly has found a mistake of the server. */
  private explained(ended: StatusObject): StatusObject {
    const { code, details } = ended;
    const ours = (problem: Problem): StatusObject => ({ ...fromProblem(problem, this.requestId), details });
    if (code === status.INTERNAL && /^(Failed to decompress|Invalid grpc-timeout)/.test(details))
      return ours(problems.malformed(details));
    if (code === status.RESOURCE_EXHAUSTED) return ours({ ...problems.tooLarge(0), detail: details });
    const metadata = new Metadata();
    metadata.set('x-request-id', this.requestId);
    return { code, details, metadata };
  }
}
