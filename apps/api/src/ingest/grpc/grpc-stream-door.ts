import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { problems, ProblemError } from '../../transport/problem';
import { Admission } from '../admission';
import { IngestService, type IngestOutcome } from '../ingest.service';
import type { GrpcCall } from './grpc-call';
import { toBatch } from './grpc-door';
import { GrpcMeter } from './grpc-meter';
import { InFlightGate } from './in-flight-gate';
import type { WireRequest } from './publish-request.codec';
import { encodePublishBatchResponse } from './publish-response.codec';
import { fromWireEvent } from './wire-event.convert';

/** Batches of one stream that are read and not answered. */
const MAX_IN_FLIGHT = 8;

/** What a record has beyond its event as it came: key, headers, names of fields, id and times (490 at most, but for long ids). */
const RECORD_BYTES = 500;

/** One stream: what it has read and not answered, in order. */
interface Stream {
  readonly call: GrpcCall;
  inFlight: number;
  /** Ends with the last answer; rejects with the first that failed. */
  answers: Promise<void>;
  wake: () => void;
}

/**
 * `PublishStream`. Reads a batch, hands it on, reads the next while the first is on its way to the log; answers in the
 * order of the batches. Reads nothing while 8 batches are unanswered, or while all streams together fill half of the
 * queue in front of the log, by events or by bytes: HTTP/2 then stops the client.
 */
@Injectable()
export class GrpcStreamDoor {
  constructor(
    private readonly ingest: IngestService,
    private readonly admission: Admission,
    private readonly gate: InFlightGate,
    private readonly meter: GrpcMeter,
  ) {}

  /**
   * @throws {ProblemError} what the stream ends with; so too what `IngestService` throws.
   * @throws {CallOverError} when nobody waits for an answer any more.
   */
  async publishStream(call: GrpcCall): Promise<void> {
    const stream: Stream = { call, inFlight: 0, answers: Promise.resolve(), wake: () => undefined };
    try {
      await this.admission.admit(call.key);
      await this.readAll(stream);
      await stream.answers;
      // Stopped by us: what the client goes on sending is not read any more, and it has to know.
      if (call.stopped) throw new ProblemError(problems.notReady());
      call.end();
    } catch (error) {
      // What was read before is answered before; if that fails, its failure is the first.
      await stream.answers;
      throw error;
    }
  }

  private async readAll(stream: Stream): Promise<void> {
    const { call } = stream;
    for (let request = await call.message(); request !== undefined; request = await call.message()) {
      await this.take(stream, request);
      while (stream.inFlight >= MAX_IN_FLIGHT) await new Promise<void>((wake) => (stream.wake = wake));
    }
  }

  private async take(stream: Stream, request: WireRequest): Promise<void> {
    const { call } = stream;
    const startedAt = performance.now();
    const { events, atomic, bytes } = toBatch(request);
    // Once more for each batch: costs a look-up, and a key that is revoked meanwhile ends the stream.
    const principal = await this.admission.admit(call.key);
    const receivedAt = new Date();
    const parsed = events.map((event) => fromWireEvent(event, principal.projectId, receivedAt));
    const load = { events: events.length, bytes: bytes + events.length * RECORD_BYTES };
    await this.gate.enter(load);
    call.releaseBytes();
    const outcome = this.publish(call, () =>
      this.ingest.accept(parsed, { principal, requestId: call.requestId, atomic }),
    ).finally(() => {
      this.gate.leave(load);
    });
    stream.inFlight += 1;
    stream.answers = this.answer(stream, outcome, startedAt);
    // Whoever waits for the client's next batch learns at once that this one has failed.
    stream.answers.catch(() => {
      call.stop();
    });
  }

  private async publish(call: GrpcCall, accept: () => Promise<IngestOutcome>): Promise<IngestOutcome> {
    call.assertRunning();
    return accept();
  }

  private async answer(stream: Stream, outcome: Promise<IngestOutcome>, startedAt: number): Promise<void> {
    const before = stream.answers;
    // Looked at when it is its turn; a rejection that nobody looks at until then would end the process.
    outcome.catch(() => undefined);
    try {
      await before;
      await stream.call.answer(encodePublishBatchResponse(await outcome));
      this.meter.count(stream.call.method, status.OK, performance.now() - startedAt);
    } finally {
      stream.inFlight -= 1;
      stream.wake();
    }
  }
}
