import { setTimeout as delay } from 'node:timers/promises';
import { loadCliConfig, readEnvironment } from '@app/config';
import type { RetryPolicy } from '../api/api-event-sender';
import { EventIngestClient } from './event-ingest.client';
import { resolveGrpcEndpoint, type GrpcFlags } from './grpc-endpoint';
import { GrpcEventSender } from './grpc-event-sender';

const GIVE_UP_AFTER_MS = 60_000;

/**
 * A sender to the gRPC server that flags, environment or this machine name.
 *
 * @param interrupt ends the waiting for another attempt; `send` then throws.
 * @throws {CannotRunError} saying what is missing.
 */
export function grpcSender(flags: GrpcFlags, interrupt: AbortSignal, onRetry: RetryPolicy['onRetry']): GrpcEventSender {
  return new GrpcEventSender(new EventIngestClient(resolveGrpcEndpoint(flags, loadCliConfig(readEnvironment()))), {
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    now: () => performance.now(),
    wait: (ms) => delay(ms, undefined, { signal: interrupt }),
    onRetry,
  });
}
