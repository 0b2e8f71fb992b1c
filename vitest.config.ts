import { defineConfig } from 'vitest/config';
import LongestFirst from './tests/support/longest-first.ts';

/** Tests by what they need: `*.test.ts` nothing, `*.int.test.ts` real databases and a broker, `*.e2e.test.ts` all of it. */
const tests = [
  'schemas',
  'pos-api',
  'clickhouse',
  'loader',
  'reconciler',
  'embedded',
  'dashboard',
  'deploy',
  'rehearsal',
  'tests',
];
const files = (suffix: string) => tests.map((folder) => `${folder}/**/*${suffix}`);
const ignored = ['**/node_modules/**', '**/build/**', '**/.svelte-kit/**'];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './tests/support/reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: files('.test.ts'),
          exclude: [...ignored, '**/*.int.test.ts', '**/*.e2e.test.ts'],
          // Some compute in the real engine, on a machine that may be busy.
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: files('.int.test.ts'),
          exclude: ignored,
          globalSetup: ['tests/support/stores.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: files('.e2e.test.ts'),
          exclude: ignored,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Two stacks at once: most of these wait for something that is dead, slow or away.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
