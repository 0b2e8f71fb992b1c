#!/usr/bin/env node
// `npm run check`: format and lint, what nobody uses, then the types of everything, the pages included.
import { installPackages } from './install.mjs';
import { runTogether } from './steps.mjs';

await installPackages();
await runTogether([
  ['format and lint', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
  ['dead code', 'npx', ['knip', '--no-progress', '--no-config-hints']],
  ['types', 'npx', ['tsc', '--noEmit', '-p', '.']],
  ['types of the pages', 'npm', ['run', '--silent', 'check', '-w', 'dashboard']],
]);
