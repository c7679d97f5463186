import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProtoFile } from 'grpc-health-check';
import type { PinoLogger } from 'nestjs-pino';
import { readApiKey } from '@app/persistence';
import { loadEventsProto } from '@app/proto';
import type { BodyBudget } from '../../transport/body-budget';
import { problems } from '../../transport/problem';
import type { AccessLog } from '../../transport/requests/access-log';
import { bindPort } from './bind-port';
import { fromProblem, toCallStatus } from './call-status.convert';
import { CallOverError, GrpcCall } from './grpc-call';
import type { GrpcDoor } from './grpc-door';
import type { GrpcHealth } from './grpc-health';
import type { GrpcMeter } from './grpc-meter';
import type { GrpcStreamDoor } from './grpc-stream-door';
import { MAX_MESSAGE_BYTES, SERVICE, serviceDefinition, STREAM_METHOD } from './service-definition';

/** Calls of one connection at the same time; a client's library keeps those beyond waiting. */
const MAX_CALLS_PER_CONNECTION = 128;
/** Connections without a call are closed after this; a client's library opens another when it needs one. */
const IDLE_CONNECTION_MS = 300_000;
/** A peer that is gone without a word is found out by a ping. */
const KEEPALIVE = { everyMs: 60_000, answerWithinMs: 20_000 };
/** Like the HTTP server's limit for a whole request: what a call with one message may take to send it. */
const REQUEST_LIMIT_MS = 30_000;
const SWEEP_MS = 5000;
/** For the last answers to leave, when no call is open any more. */
const FLUSH_LIMIT_MS = 1000;

export interface GrpcParts {
  readonly door: GrpcDoor;
  readonly streamDoor: GrpcStreamDoor;
  readonly health: GrpcHealth;
  readonly meter: GrpcMeter;
  readonly budget: BodyBudget;
  readonly accessLog: AccessLog;
  readonly logger: PinoLogger;
}

/** The gRPC server: its doors, health and reflection, and how it starts and stops. */
export class GrpcServer {
  private readonly server: Server;
  private readonly calls = new Set<GrpcCall>();
  private readonly sweep: NodeJS.Timeout;
  private whenIdle: () => void = () => undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: GrpcParts) {
    this.server = new Server({
      interceptors: [this.intercept],
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
      'grpc.max_connection_idle_ms': IDLE_CONNECTION_MS,
      'grpc.keepalive_time_ms': KEEPALIVE.everyMs,
      'grpc.keepalive_timeout_ms': KEEPALIVE.answerWithinMs,
      'grpc.enable_channelz': 0,
    });
    // No handlers: the interceptor takes the calls.
    this.server.addService(serviceDefinition, {});
    parts.health.implementation.addToServer(this.server);
    // One description of both packages: with a second one for health its service would be listed twice.
    new ReflectionService({ ...loadEventsProto(), ...loadSync(healthProtoFile) }).addToServer(this.server);
    this.sweep = setInterval(() => {
      this.endSlowCalls();
    }, SWEEP_MS).unref();
  }

  /** @returns the port that it listens on. @throws {CannotListenError} */
  async listen(port: number): Promise<number> {
    const bound = await bindPort(this.server, port);
    this.parts.health.start();
    return bound;
  }

  /** Says that it stops to all who watch its health, and goes on as ever. */
  announceStop(): void {
    this.parts.health.stop();
  }

  /**
   * Takes no more calls, lets those that run end, and closes. Streams are ended when what they have read is answered.
   * May be called twice.
   *
   * @param limitMs from when on what still runs is cut off.
   */
  close(limitMs: number): Promise<void> {
    return (this.closing ??= this.shutDown(limitMs));
  }

  private async shutDown(limitMs: number): Promise<void> {
    this.announceStop();
    clearInterval(this.sweep);
    const over = new AbortController();
    const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal: over.signal }).catch(() => undefined);
    const closed = new Promise<void>((resolve) => {
      this.server.tryShutdown(() => {
        resolve();
      });
    });
    const idle = new Promise<void>((resolve) => (this.whenIdle = resolve));
    for (const call of this.calls) if (call.method === STREAM_METHOD) call.stop();
    if (this.calls.size > 0) await Promise.race([idle, wait(limitMs)]);
    // Whoever watches the health does so for ever.
    await Promise.race([closed, wait(FLUSH_LIMIT_MS)]);
    over.abort();
    this.server.forceShutdown();
  }

  private readonly intercept: ServerInterceptor = ({ path }, raw) => {
    if (!path.startsWith(`/${SERVICE}/`)) return new ServerInterceptingCall(raw);
    const start = (): void => {
      const method = path.slice(SERVICE.length + 2);
      const { budget, meter } = this.parts;
      const call = new GrpcCall(raw, { method, share: budget.open(), onOver: this.onOver });
      this.calls.add(call);
      meter.openCalls = this.calls.size;
      void this.run(call);
    };
    // Without a call of `next` grpc-js' handlers, and the streams they are made of, never hear of this call.
    return new ServerInterceptingCall(raw, { start });
  };

  private async run(call: GrpcCall): Promise<void> {
    const { door, streamDoor, logger } = this.parts;
    try {
      if (call.method === STREAM_METHOD) await streamDoor.publishStream(call);
      else if (call.method === 'Publish') await door.publish(call);
      else await door.publishBatch(call);
    } catch (error) {
      if (!(error instanceof CallOverError)) call.fail(toCallStatus(error, call.requestId, logger));
    }
  }

  private readonly onOver = (call: GrpcCall, code: status): void => {
    const { meter, accessLog } = this.parts;
    this.calls.delete(call);
    meter.openCalls = this.calls.size;
    if (this.calls.size === 0) this.whenIdle();
    const durationMs = performance.now() - call.startedAt;
    const stream = call.method === STREAM_METHOD;
    if (!stream || code !== status.OK) meter.count(call.method, code, durationMs);
    const line = (): ReturnType<Parameters<AccessLog['writeLine']>[0]> => ({
      method: 'gRPC',
      path: `/${SERVICE}/${call.method}`,
      status: code === status.CANCELLED ? null : status[code],
      duration_ms: Math.round(durationMs * 10) / 10,
      request_id: call.requestId,
      key_id: readApiKey(call.key ?? '')?.id ?? null,
    });
    accessLog.writeLine(line, { taken: code === status.OK, hot: !stream });
  };

  private endSlowCalls(): void {
    const latest = performance.now() - REQUEST_LIMIT_MS;
    for (const call of this.calls) {
      if (call.method === STREAM_METHOD || !call.isReading || call.startedAt > latest) continue;
      const problem = problems.malformed(`The request was not complete after ${REQUEST_LIMIT_MS / 1000} seconds.`);
      call.fail({ ...fromProblem(problem, call.requestId), code: status.DEADLINE_EXCEEDED });
    }
  }
}
