import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { addProcessMetrics } from './process-metrics.ts';

test('only counters are named as counters are', async () => {
  const registry = new Registry();
  addProcessMetrics(registry);
  const types = [...(await registry.metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => ({
    name,
    type,
  }));
  expect(types.length).toBeGreaterThan(10);
  expect(types.filter(({ name, type }) => name?.endsWith('_total') && type !== 'counter')).toEqual([]);
});
