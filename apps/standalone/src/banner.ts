import type { RunningStandalone } from './start-standalone';

/** What a person wants to see first: where it is, how to send something, where the data is. */
export function banner(running: RunningStandalone): string {
  const { url, grpc, key, keyFile, dataDir, missing, parts } = running;
  const state =
    missing.length === 0 ? 'is ready.' : `has started, but is not ready yet: ${missing.join(', ')}; see the log.`;
  return `
Millrace ${state}

  API      ${url}
  gRPC     ${grpc}
  Key      ${key}
           (kept in ${keyFile})
  Data     ${dataDir}
  Runs on  ${parts.join('\n           ')}

Send an event, then read it back:

  curl -X POST ${url}/api/v1/events -H 'X-API-Key: ${key}' \\
       -H 'Content-Type: application/json' \\
       -d '{"name":"user.created","user_id":"u1","data":{"plan":"pro"}}'

  curl '${url}/api/v1/events?limit=5' -H 'X-API-Key: ${key}'

Ctrl-C ends it; the data stays.
`;
}
