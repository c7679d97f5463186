'use strict';
// Lets a plain node load this project's sources.
const { transformFileSync } = require('@swc/core');
const Module = require('node:module');
const { join } = require('node:path');

const ROOT = join(__dirname, '../../..');
const resolve = Module._resolveFilename;

Module._resolveFilename = (request, ...rest) => {
  const library = /^@app\/([^/]+)$/.exec(request);
  return resolve(library === null ? request : join(ROOT, `libs/${library[1]}/src/index.ts`), ...rest);
};
require.extensions['.ts'] = (module, file) => {
  module._compile(transformFileSync(file, { cwd: ROOT, module: { type: 'commonjs' } }).code, file);
};
