/** The messages of `events.proto` as a client of `loadEventsProto` writes and reads them. */

export interface SentEvent {
  readonly event_id?: string;
  readonly name?: string;
  readonly source?: string;
  readonly user_id?: string;
  readonly occurred_at?: { readonly seconds: number; readonly nanos: number };
  readonly amount?: number;
  readonly data_json?: string;
}

export interface PublishRequest {
  readonly event?: SentEvent;
}

export interface PublishReply {
  readonly event_id: string;
  readonly status: string;
}

export interface PublishBatchRequest {
  readonly events: readonly SentEvent[];
  readonly atomic?: boolean;
}

export interface PublishBatchReply {
  readonly accepted: number;
  readonly rejected: number;
  /** Empty where the event was refused. */
  readonly event_ids: readonly string[];
  readonly errors: readonly {
    readonly index: number;
    readonly field: string;
    readonly code: string;
    readonly message: string;
  }[];
}
