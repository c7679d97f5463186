import { execFileSync } from 'node:child_process';
import type { OpenAPIObject, ResponseObject } from '@nestjs/swagger';
import { operationsOf, readDocument, requestExamples } from './open-api';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

let test: TestApi;
let admin: string;
let document: OpenAPIObject;

beforeAll(async () => {
  test = await runningApi();
  admin = await test.addKey(['admin']);
  document = await readDocument(test.api.url);
});
afterAll(() => test.stop());

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

interface Served {
  readonly router: { readonly stack: readonly Layer[] };
}

/** What Express serves, in the words of the document. */
function servedRoutes(): string[] {
  const express = test.api.app.getHttpAdapter().getInstance() as unknown as Served;
  const { stack } = express.router;
  return stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path.replace(/:(\w+)/g, '{$1}')}`),
  );
}

it('describes every route that is served, and no other', () => {
  const described = operationsOf(document).map(({ path, method }) => `${method} ${path}`);
  expect(described.sort()).toEqual(servedRoutes().sort());
});

it('says of every operation what it is for, and how it answers', () => {
  for (const { path, method, operation } of operationsOf(document)) {
    const statuses = Object.keys(operation.responses);
    const said = { path, method, summary: operation.summary, tags: operation.tags?.length, statuses };
    expect(said).toMatchObject({ summary: expect.stringMatching(/^\S/) as string, tags: 1 });
    expect(said.statuses).toEqual(expect.arrayContaining(['400', '408', '431']));
    expect(said.statuses.some((status) => status.startsWith('2'))).toBe(true);
    if ((operation.security ?? []).some((scheme) => 'apiKey' in scheme)) {
      expect(said.statuses).toEqual(expect.arrayContaining(['401', '403', '503']));
    }
  }
});

it('gives every error the form of a problem, and every answer its request id', () => {
  for (const { path, method, operation } of operationsOf(document)) {
    for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
      expect(response.headers).toHaveProperty('X-Request-Id');
      expect(response.description).not.toBe('');
      if (status.startsWith('2') || path.startsWith('/health')) continue;
      expect({ path, method, status, types: Object.keys(response.content ?? {}) }).toMatchObject({
        types: ['application/problem+json'],
      });
    }
  }
});

it('shows only bodies that are taken', async () => {
  const examples = requestExamples(document);
  expect(examples.length).toBeGreaterThan(1);
  for (const { path, method, type, name, body } of examples) {
    const answer = await fetch(test.api.url + path, {
      method,
      headers: { 'X-API-Key': admin, 'Content-Type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} refuses its example "${name}": ${said}`);
  }
});

it('has every schema that it refers to', () => {
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
    const schema = name.replace('#/components/schemas/', '');
    expect(document.components?.schemas).toHaveProperty([schema]);
  }
});

describe('/docs', () => {
  it.each(['/docs', '/docs/'])('%s loads nothing that is not served beside it', async (path) => {
    const answer = await fetch(test.api.url + path);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await answer.text();
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = '']) => link);
    expect(links).toHaveLength(4);
    for (const link of links) {
      expect(link).not.toMatch(/^\/|:/); // relative, so that it works below any path
      const file = await fetch(new URL(link, test.api.url + path));
      expect(file.status).toBe(200);
      expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
    expect(page).not.toMatch(/<script>|<style|style=| on\w+=/);
  });

  it('has no other files', async () => {
    for (const name of ['package.json', '..%2fpackage.json', '%2e%2e%2fpackage.json', 'toString', '__proto__'])
      expect((await fetch(`${test.api.url}/docs/${name}`)).status).toBe(404);
  });
});

it.each(['GET /', 'GET /nowhere', 'POST /', 'GET /api/v1', 'GET /docs/a/b'])('%s is a problem: 404', async (call) => {
  const [method = '', path = ''] = call.split(' ');
  const answer = await fetch(test.api.url + path, { method });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
});

const templateOf = (path: string): RegExp => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/{}]+')}$`);

it('answers 405 with Allow wherever the path is known and the method is not', async () => {
  const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'];
  const operations = operationsOf(document);
  for (const path of Object.keys(document.paths)) {
    const known = operations.filter((operation) => operation.path === path).map(({ method }) => method);
    // A path without parameters may also be one of a template beside it, like `replay` of `{id}`.
    if (Object.keys(document.paths).some((other) => other !== path && templateOf(other).test(path))) continue;
    for (const method of methods.filter((one) => !known.includes(one))) {
      const url = test.api.url + path.replace(/\{\w+\}/g, '0192f0c1-2345-7abc-8def-0123456789ab');
      const answer = await fetch(url, { method, headers: { 'X-API-Key': admin } });
      expect({ path, method, status: answer.status }).toEqual({ path, method, status: 405 });
      expect(answer.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(known));
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
  }
});

it('costs a process nothing that nobody asks for it', () => {
  const script = `require('./dist/apps/api/src/start-api.js');
    console.log(Object.keys(require.cache).filter((file) => /node_modules.*(swagger|js-yaml|express)/.test(file)).join());`;
  const loaded = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(loaded).toContain('express'); // the list is one of packages
  expect(loaded).not.toMatch(/swagger|js-yaml/);
});
