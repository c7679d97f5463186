import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { problems, ProblemError } from '../transport/problem';
import { OpenApiDocument } from './open-api-document';
import { swaggerPage, SwaggerUi } from './swagger-ui';

/** Nothing from elsewhere, nothing inline; nobody frames the page that holds a key. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI writes style attributes, and draws its arrows from data URLs.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The description of this API, for programs and for people. Open to all, and nothing of it comes from another host. */
@Controller()
export class OpenApiController {
  constructor(
    private readonly document: OpenApiDocument,
    private readonly ui: SwaggerUi,
  ) {}

  @Get('openapi.json')
  @Header('Cache-Control', 'no-cache')
  async json(@Res() response: Response): Promise<void> {
    const text = await this.document.text();
    response.setHeader('Content-Type', 'application/json');
    response.end(text);
  }

  @Get('docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', PAGE_POLICY)
  @Header('X-Content-Type-Options', 'nosniff')
  @Header('Referrer-Policy', 'no-referrer')
  @Header('Cache-Control', 'no-cache')
  page(@Req() request: Request): string {
    // A browser takes relative links from the last slash on, so `/docs` and `/docs/` need different ones.
    return swaggerPage(request.path.endsWith('/') ? '' : 'docs/');
  }

  @Get('docs/:file')
  async file(@Param('file') name: string, @Res() response: Response): Promise<void> {
    const file = await this.ui.file(name);
    if (file === undefined) throw new ProblemError(problems.notFound('The documentation has no such file.'));
    response.setHeader('Content-Type', file.contentType);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'public, max-age=3600');
    response.end(file.bytes);
  }
}
