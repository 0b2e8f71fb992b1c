#!/usr/bin/env node
// `npm test`: installs what is missing, checks format and types, runs every test. Arguments go to Vitest.
import { installAll } from './install.mjs';
import { runSteps } from './steps.mjs';

await installAll();
await runSteps([
  ['format, lint and types', 'node', ['embedded/check.mjs']],
  ['tests', 'npx', ['vitest', 'run', ...process.argv.slice(2)]],
]);
