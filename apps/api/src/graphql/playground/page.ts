import type { Request, Response } from 'express';

/**
 * Nothing from elsewhere, no script inline; nobody frames the page that holds a key. The editor runs its workers from
 * blobs, writes style elements, and has its font in a data URL.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  'worker-src blob:',
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The playground's page; its files are beside it. */
export function sendPage(request: Request, response: Response): void {
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
    Vary: 'Accept',
  });
  // A browser takes relative links from the last slash on, so `/graphql` and `/graphql/` need different ones.
  response.end(page(request.path.endsWith('/') ? '' : 'graphql/'));
}

function page(base: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Millrace GraphQL</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${base}graphiql.css">
  </head>
  <body class="no-focus-outline" style="margin: 0; height: 100vh">
    <noscript>The playground needs JavaScript.</noscript>
    <div id="root" style="height: 100vh"></div>
    <script src="${base}graphiql.js"></script>
    <script src="${base}start.js"></script>
  </body>
</html>
`;
}
