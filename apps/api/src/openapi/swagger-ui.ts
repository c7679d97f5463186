import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';

interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
  'favicon-32x32.png': 'image/png',
};

/** The document's address is taken from this script's own, so the page works below any path of a proxy. */
const START = `const documentUrl = new URL('../openapi.json', document.currentScript.src).href;
window.addEventListener('load', () => {
  SwaggerUIBundle({
    url: documentUrl,
    dom_id: '#swagger-ui',
    deepLinking: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
});
`;

/** The files that the page loads. */
export const SWAGGER_UI_FILES: readonly string[] = [...Object.keys(CONTENT_TYPES), 'start.js'];

/** @param base where the files are, as the browser sees it from the page: empty, or with a slash at the end. */
export function swaggerPage(base: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Millrace API</title>
    <link rel="stylesheet" href="${base}swagger-ui.css">
    <link rel="icon" type="image/png" href="${base}favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${base}swagger-ui-bundle.js"></script>
    <script src="${base}start.js"></script>
  </body>
</html>
`;
}

/** The files of the page, read when first asked for and kept, 1.7 MB in all: slow clients then hold no copies of their own. */
@Injectable()
export class SwaggerUi {
  private readonly files = new Map<string, Promise<PageFile>>([
    ['start.js', Promise.resolve({ contentType: SCRIPT, bytes: Buffer.from(START) })],
  ]);

  /** One of `SWAGGER_UI_FILES`, or undefined. */
  file(name: string): Promise<PageFile> | undefined {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const contentType = Object.hasOwn(CONTENT_TYPES, name) ? CONTENT_TYPES[name] : undefined;
    if (contentType === undefined) return undefined;
    const file = readAsset(name).then((bytes) => ({ contentType, bytes }));
    file.catch(() => this.files.delete(name));
    this.files.set(name, file);
    return file;
  }
}

function readAsset(name: string): Promise<Buffer> {
  // The package is a dependency of @nestjs/swagger, so it is looked for from there.
  const ofSwagger = createRequire(require.resolve('@nestjs/swagger'));
  return readFile(ofSwagger.resolve(`swagger-ui-dist/${name}`));
}
