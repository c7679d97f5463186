import type { Provider } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { ApiConfig } from '@app/config';
import { BodyBudget } from '../../transport/body-budget';
import { AccessLog } from '../../transport/requests/access-log';
import { GrpcDoor } from './grpc-door';
import { GrpcHealth } from './grpc-health';
import { GrpcMeter } from './grpc-meter';
import { GrpcServer, type GrpcParts } from './grpc-server';
import { GrpcStreamDoor } from './grpc-stream-door';
import { InFlightGate } from './in-flight-gate';

/** What the gRPC door is made of. */
export function grpcProviders({ publish }: Pick<ApiConfig, 'publish'>): Provider[] {
  return [
    GrpcDoor,
    GrpcStreamDoor,
    GrpcHealth,
    GrpcMeter,
    // Half of the queue in front of the log: the other doors have no other way to slow a client down than to refuse.
    {
      provide: InFlightGate,
      useFactory: () => new InFlightGate({ events: publish.queueEvents / 2, bytes: publish.queueBytes / 2 }),
    },
    {
      provide: GrpcServer,
      useFactory: (...[door, streamDoor, health, meter, budget, accessLog, logger]: PartValues) =>
        new GrpcServer({ door, streamDoor, health, meter, budget, accessLog, logger }),
      inject: [GrpcDoor, GrpcStreamDoor, GrpcHealth, GrpcMeter, BodyBudget, AccessLog, PinoLogger],
    },
  ];
}

type PartValues = [
  GrpcParts['door'],
  GrpcParts['streamDoor'],
  GrpcParts['health'],
  GrpcParts['meter'],
  GrpcParts['budget'],
  GrpcParts['accessLog'],
  GrpcParts['logger'],
];
