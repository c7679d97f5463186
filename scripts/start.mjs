// npm start: the whole service in this process. Nothing between npm and the server: a signal meets it once, and its exit
// code is ours.
import './node-version.mjs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, projectRoot } from './prepare.mjs';

try {
  await prepare({ build: true });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import(pathToFileURL(path.join(projectRoot, 'dist/apps/standalone/src/main.js')).href);
