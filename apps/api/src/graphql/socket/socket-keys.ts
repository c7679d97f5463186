import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { KeyRing } from '../../transport/auth/key-ring';
import { KeyWatch } from '../../transport/auth/key-watch';

/** Who knows keys, and tells when one is over. */
@Injectable()
export class SocketKeys {
  constructor(
    readonly ring: KeyRing,
    readonly watch: KeyWatch,
    readonly logger: PinoLogger,
  ) {}
}
