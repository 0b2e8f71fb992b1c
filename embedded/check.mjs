#!/usr/bin/env node
// `npm run check`: format and lint, then the types of everything, the pages included.
import { installPackages } from './install.mjs';
import { runSteps } from './steps.mjs';

await installPackages();
await runSteps([
  ['format and lint', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
  ['types', 'npx', ['tsc', '--noEmit', '-p', '.']],
  ['types of the pages', 'npm', ['run', '--silent', 'check', '-w', 'dashboard']],
]);
