import { Injectable } from '@nestjs/common';

/**
 * The OpenAPI document of this API, made when somebody first asks. @nestjs/swagger and the descriptions cost 10 MB and
 * half a second of start: whoever is never asked does not load them.
 */
@Injectable()
export class OpenApiDocument {
  private make: (() => Promise<object>) | undefined;
  private made: Promise<Buffer> | undefined;

  /** @param make called once, when the document is first asked for. */
  madeBy(make: () => Promise<object>): void {
    this.make = make;
  }

  /** As JSON in UTF-8. */
  text(): Promise<Buffer> {
    return (this.made ??= this.write());
  }

  private async write(): Promise<Buffer> {
    if (this.make === undefined) throw new Error('There is nothing to describe yet.');
    return Buffer.from(JSON.stringify(await this.make()));
  }
}
