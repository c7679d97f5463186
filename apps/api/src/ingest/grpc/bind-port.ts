import { promisify } from 'node:util';
import { ServerCredentials, type Server } from '@grpc/grpc-js';

/** The cause that grpc-js names in its message only. */
class CannotListenError extends Error {
  readonly setting = 'GRPC_PORT';

  constructor(
    readonly code: 'EADDRINUSE' | 'EACCES',
    readonly port: number,
    cause: unknown,
  ) {
    super(`gRPC cannot listen on port ${port}: ${code}.`, { cause });
    this.name = 'CannotListenError';
  }
}

/**
 * Listens on all addresses, those of IPv4 alone where there is no IPv6, as Node's HTTP server does.
 *
 * @returns the port, which the system has chosen when `port` is 0.
 * @throws {CannotListenError} with the code, when the port is taken or not allowed.
 */
export async function bindPort(server: Server, port: number): Promise<number> {
  const bind = promisify(server.bindAsync.bind(server));
  const credentials = ServerCredentials.createInsecure();
  try {
    return await bind(`[::]:${port}`, credentials);
  } catch (error) {
    const message = String(error);
    for (const code of ['EADDRINUSE', 'EACCES'] as const) {
      if (message.includes(code)) throw new CannotListenError(code, port, error);
    }
    return bind(`0.0.0.0:${port}`, credentials);
  }
}
