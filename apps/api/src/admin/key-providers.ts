import type { Provider, Type } from '@nestjs/common';
import type { ApiConfig } from '@app/config';
import { ApiKeys, Projects, Tickets } from '@app/persistence';
import { KeyRing } from '../transport/auth/key-ring';
import { KeyUsage } from '../transport/auth/key-usage';
import { TicketDesk } from '../transport/auth/ticket-desk';
import { KeysController } from './keys/keys.controller';
import { KeysService } from './keys/keys.service';
import { ProjectsController } from './projects/projects.controller';
import { TicketsController } from './tickets/tickets.controller';

export const keyControllers: readonly Type[] = [KeysController, ProjectsController, TicketsController];

/** Keys: who knows them, who makes them, and the tickets that stand in for them. */
export function keyProviders({ keyPepper }: ApiConfig): Provider[] {
  return [
    KeyUsage,
    {
      provide: KeyRing,
      useFactory: (keys: ApiKeys, usage: KeyUsage) => new KeyRing(keys, keyPepper, Date.now, usage),
      inject: [ApiKeys, KeyUsage],
    },
    {
      provide: TicketDesk,
      useFactory: (tickets: Tickets, usage: KeyUsage) => new TicketDesk(tickets, keyPepper, usage),
      inject: [Tickets, KeyUsage],
    },
    {
      provide: KeysService,
      useFactory: (keys: ApiKeys, projects: Projects, ring: KeyRing) =>
        new KeysService(keys, projects, ring, keyPepper),
      inject: [ApiKeys, Projects, KeyRing],
    },
  ];
}
