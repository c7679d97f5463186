import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Request } from 'express';

/** Aborted when the client has gone; an answer that is on its way when the process stops is finished. */
export function goneSignalOf({ res }: Pick<Request, 'res'>): AbortSignal {
  const gone = new AbortController();
  if (res === undefined || res.destroyed) gone.abort();
  res?.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}

/** Tells work that takes its time when to stop: its client has gone, or the process is about to. */
@Injectable()
export class UntilGone implements OnModuleDestroy {
  /** Of the requests that are answered. Not by `AbortSignal.any`: what lives as long as the process remembers each (Node 20). */
  private readonly running = new Set<AbortController>();
  private stopping = false;

  /** Nest calls it before the connections close: who waits still gets an answer. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const each of this.running) each.abort();
  }

  signalOf({ res }: Pick<Request, 'res'>): AbortSignal {
    const gone = new AbortController();
    if (this.stopping || res === undefined || res.destroyed) {
      gone.abort();
      return gone.signal;
    }
    this.running.add(gone);
    res.once('close', () => {
      this.running.delete(gone);
      gone.abort();
    });
    return gone.signal;
  }
}
