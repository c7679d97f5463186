import { Injectable } from '@nestjs/common';
import { authorize } from '../transport/auth/authorize';
import { KeyRing, type Principal } from '../transport/auth/key-ring';
import { EventLimit } from '../transport/limit/event-limit';

/** Lets clients send events, through whatever door; asked before the body is read. */
@Injectable()
export class Admission {
  constructor(
    private readonly keys: KeyRing,
    private readonly limit: EventLimit,
  ) {}

  /**
   * @param key as the client has sent it, undefined when it has not.
   * @throws {ProblemError} 401, 403 without the scope `ingest`, 429 when the key has sent too much lately.
   * @throws {StoreUnavailableError} when the key is not known and PostgreSQL is away.
   */
  async admit(key: string | undefined): Promise<Principal> {
    const principal = await authorize(key, this.keys, 'ingest');
    this.limit.admit(principal.keyId);
    return principal;
  }
}
