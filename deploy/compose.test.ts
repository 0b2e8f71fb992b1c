import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const service = z.object({
  image: z.string(),
  user: z.string().optional(),
  ports: z.array(z.string()).optional(),
  container_name: z.string().optional(),
  restart: z.string(),
  networks: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  mem_limit: z.string(),
  logging: z.object({ options: z.object({ 'max-size': z.string(), 'max-file': z.string() }) }),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).nullable()),
});

const text = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const { services, networks } = composeFile.parse(parse(text, { merge: true }));
const all = Object.entries(services);
const OURS = ['migrate', 'loader', 'pos-api', 'relay', 'reconciler', 'dashboard'];
const ONE_SHOTS = ['secrets', 'migrate', 'loader'];

test('the services are those of the contract', () => {
  const stores = ['postgres', 'redpanda', 'clickhouse'];
  expect(Object.keys(services).sort()).toEqual(['proxy', ...OURS, ...stores, 'secrets'].sort());
});

test('only the proxy publishes a port, and it cannot reach the stores', () => {
  expect(all.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['proxy']);
  expect(services.proxy?.networks).toEqual(['edge']);
  expect(networks.stores?.internal).toBe(true);
  for (const store of ['postgres', 'redpanda', 'clickhouse']) expect(services[store]?.networks).toEqual(['stores']);
});

test.each(all)('%s has a limit of memory, rotated logs, a pinned image and no fixed name', (_, each) => {
  expect(each.mem_limit).toMatch(/^\d+[mg]$/);
  expect(each.image).toMatch(/:[^:]*\d+\.\d+/);
  expect(each.image).not.toContain('latest');
  expect(each.container_name).toBeUndefined();
});

test.each(OURS)('%s is an ordinary user of its own who can write nothing', (name) => {
  expect(services[name]?.user).toMatch(/^100\d\d:100\d\d$/);
  expect(services[name]?.read_only).toBe(true);
  expect(services[name]?.cap_drop).toEqual(['ALL']);
});

test('no secret stands in the environment', () => {
  for (const [name, { environment }] of all) {
    for (const [key, value] of Object.entries(environment ?? {})) {
      if (/PASSWORD|POSTGRES_URL|CLICKHOUSE_URL|SECRET|KEY/.test(key)) {
        expect(key, `${name}: ${key}`).toMatch(/_FILE$/);
        expect(value).toMatch(new RegExp(`^/secrets/(${name}|operator)/`));
      }
    }
  }
});

test('nothing waits for time: a dependency is awaited until it is healthy or has ended well', () => {
  for (const [name, { depends_on = {} }] of all) {
    for (const [on, { condition }] of Object.entries(depends_on)) {
      const wanted = ONE_SHOTS.includes(on) ? 'service_completed_successfully' : 'service_healthy';
      expect(condition, `${name} on ${on}`).toBe(wanted);
      if (wanted === 'service_healthy') expect(services[on]?.healthcheck, on).toBeDefined();
    }
  }
});

test.each([
  '../docker-compose.dev.yml',
  '../docker-compose.monitoring.yml',
  'prometheus/prometheus.yml',
  'prometheus/alerts.yml',
  'prometheus/alerts.test.yml',
  'grafana/provisioning/datasources/prometheus.yml',
  'grafana/provisioning/dashboards/tillstream.yml',
  'grafana/dashboards/tillstream.json',
])('%s is well-formed', (file) => {
  expect(parse(readFileSync(new URL(file, import.meta.url), 'utf8'))).toBeTypeOf('object');
});

test('every alert is explained to the operator', () => {
  const rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string() })) })) });
  const text = readFileSync(new URL('prometheus/alerts.yml', import.meta.url), 'utf8');
  const manual = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
  for (const { alert } of rules.parse(parse(text)).groups.flatMap((group) => group.rules)) {
    expect(manual).toContain(`| \`${alert}\` |`);
  }
});
