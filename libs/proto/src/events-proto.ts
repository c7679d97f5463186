import { join } from 'node:path';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** The gRPC contract; the build copies it beside the programs. */
const eventsProtoFile = join(__dirname, '../millrace/events/v1/events.proto');

/** Services and messages of `millrace.events.v1`, with fields named as in the file. */
export function loadEventsProto(): PackageDefinition {
  return loadSync(eventsProtoFile, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: false });
}
