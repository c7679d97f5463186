import { Injectable } from '@nestjs/common';
import { CloseCode } from 'graphql-ws';
import { PipelineError } from '@app/events';
import { authorize, notePresentedKey, presentedKey } from '../../transport/auth/authorize';
import { KeyRing, type Principal } from '../../transport/auth/key-ring';
import { KeyWatch } from '../../transport/auth/key-watch';
import { problems, ProblemError } from '../../transport/problem';
import { TRY_AGAIN, type GraphqlSocket } from './graphql-socket';

/** Lets sockets in by their keys, and closes them when those are over. */
@Injectable()
export class SocketKeys {
  constructor(
    private readonly ring: KeyRing,
    private readonly watch: KeyWatch,
  ) {}

  /**
   * @param payload of `connection_init`, which may show the key: `{"apiKey": …}` or `{"Authorization": "Bearer …"}`. Else
   *   the handshake has it.
   * @returns undefined: without a good key it is closed, with the reason.
   */
  async admit(socket: GraphqlSocket, payload: Readonly<Record<string, unknown>> = {}): Promise<Principal | undefined> {
    const key = keyIn(payload) ?? presentedKey(socket.request);
    if (key !== undefined) notePresentedKey(socket.request, key);
    try {
      const principal = await authorize(key, this.ring, 'read');
      const unwatch = this.watch.watch(principal.keyId, () => {
        socket.close(CloseCode.Forbidden, 'The key is no longer valid.');
      });
      socket.onceClosed(unwatch);
      socket.becomeKnown();
      return principal;
    } catch (error) {
      if (error instanceof ProblemError) socket.close(CloseCode.Forbidden, error.problem.title);
      else if (error instanceof PipelineError) socket.close(TRY_AGAIN, problems.unavailable().title);
      else throw error;
      return undefined;
    }
  }
}

function keyIn({ apiKey, Authorization: authorization }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof apiKey === 'string') return apiKey;
  return typeof authorization === 'string' ? presentedKey({ headers: { authorization } }) : undefined;
}
