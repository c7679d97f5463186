/** What `idle-connections.ts` needs of a file that kafkajs does not export. Version 2.2.4 is pinned. */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    readonly pending: readonly unknown[];
    /** Milliseconds since the epoch; below now: not throttled. */
    readonly throttledUntil: number;
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
  export = RequestQueue;
}
