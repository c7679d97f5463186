import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Request } from 'express';

/** Tells work that takes its time when to stop: its client has gone, or the process is about to. */
@Injectable()
export class UntilGone implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  /** Nest calls it before the connections close: who waits still gets an answer. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  signalOf(request: Request): AbortSignal {
    const gone = new AbortController();
    request.res?.once('close', () => {
      gone.abort();
    });
    return AbortSignal.any([gone.signal, this.stopping.signal]);
  }
}
