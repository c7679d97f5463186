export interface LeaseRequest {
  readonly keyId: string;
  /** Tokens wanted now. */
  readonly want: number;
  /** Tokens that were spent beyond earlier leases; negative: given back. */
  readonly debt: number;
}

export interface Lease {
  /** 0 to `want`. */
  readonly granted: number;
  /** What is left in the bucket; negative while it is in debt. */
  readonly left: number;
}

/** The buckets that all replicas of the API share; hands out tokens in blocks. */
export abstract class SharedTokens {
  /** Whether it answers at present. */
  abstract readonly up: boolean;

  /**
   * Takes the debt from the key's bucket, then up to `want` tokens of what is there.
   *
   * @throws when it does not answer within 50 ms; then it may have done so, or not.
   */
  abstract lease(request: LeaseRequest): Promise<Lease>;

  /** Asks for a sign of life. */
  abstract ping(): Promise<void>;

  /** May be called twice. */
  abstract close(): void;
}
