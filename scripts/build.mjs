// npm run build, and what needs a current dist: builds when the checkout is not what was built last.
import './node-version.mjs';
import { prepare } from './prepare.mjs';

try {
  await prepare({ build: true });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
