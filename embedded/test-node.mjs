#!/usr/bin/env node
// `npm run test:node [-- 22 24]`: the unit tests under other releases of Node, brought by the npm package `node`.
import { installAll } from './install.mjs';
import { runSteps } from './steps.mjs';

/** The long-term releases after the one that `npm test` runs on here; `engines` in package.json names them. */
const RELEASES = ['22', '24'];

const asked = process.argv.slice(2);
await installAll();
await runSteps(
  (asked.length > 0 ? asked : RELEASES).map((release) => [
    `unit tests on Node ${release}`,
    'npm',
    [
      'exec',
      '--yes',
      `--package=node@${release}`,
      '--',
      'node',
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      'unit',
    ],
  ]),
);
