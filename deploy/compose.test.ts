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
  cap_add: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  pids_limit: z.int().optional(),
  volumes: z.array(z.string()).optional(),
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

const read = (file: string) =>
  composeFile.parse(parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), { merge: true }));
const { services, networks, volumes } = read('docker-compose.yml');
const all = Object.entries(services);
const monitoring = Object.entries(read('docker-compose.monitoring.yml').services);
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

test.each([...all, ...monitoring])(
  '%s has no rights, gets none by a file, and cannot fork without end',
  (name, each) => {
    expect(each.cap_drop).toEqual(['ALL']);
    expect(each.security_opt).toEqual(['no-new-privileges:true']);
    expect(each.pids_limit).toBeGreaterThan(0);
    // The one that hands files to the users of the others.
    expect(each.cap_add).toEqual(name === 'secrets' ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : undefined);
  },
);

test.each([...all, ...monitoring])('%s sees its own secrets alone', (name, { volumes: mounted = [] }) => {
  const given = mounted.filter((each) => each.startsWith('secrets'));
  if (name === 'secrets') {
    // Originals are seen by nobody else, and each of the others has somebody who reads it.
    expect(given.filter((each) => !each.startsWith('secrets-'))).toEqual(['secrets:/secrets/made']);
    const own = given.map((each) => each.split(':')[0]).sort();
    expect(own).toEqual(
      Object.keys(volumes)
        .filter((each) => each.startsWith('secrets'))
        .sort(),
    );
    return;
  }
  const owner = name === 'migrate' ? 'operator' : name;
  expect(given.filter((each) => each !== `secrets-${owner}:/secrets/${owner}:ro`)).toEqual([]);
});

test('no two services are one user', () => {
  const users = [...all, ...monitoring].filter(([name]) => name !== 'secrets').map(([, { user }]) => user);
  const named = users.filter((user) => user !== undefined);
  expect(new Set(named).size).toBe(named.length);
});

test('nobody logs in to Postgres as its superuser, and what is made at the first start owns the database without being one', () => {
  const generate = readFileSync(new URL('secrets/generate.sh', import.meta.url), 'utf8');
  expect(generate.match(/pg_superuser/g)).toHaveLength(2);
  expect(generate).toMatch(/"\$pg_superuser" \| give \$POSTGRES postgres superuser_password/);
  const owner = readFileSync(new URL('postgres/owner.sh', import.meta.url), 'utf8');
  expect(owner).toMatch(/create role tillstream login createrole password/);
  expect(owner).not.toMatch(/create role .*\b(superuser|bypassrls|createdb|replication)\b/);
});

test.each(OURS)('%s is an ordinary user of its own who can write nothing', (name) => {
  expect(services[name]?.user).toMatch(/^100\d\d:100\d\d$/);
  expect(services[name]?.read_only).toBe(true);
});

test('what the loader rejects outlives its container', () => {
  const folder = services.loader?.environment?.TILLSTREAM_DATA;
  expect(services.loader?.volumes).toContain(`loader:${folder}`);
  expect(volumes).toHaveProperty('loader');
  const dockerfile = readFileSync(new URL('Dockerfile', import.meta.url), 'utf8');
  const [user] = (services.loader?.user ?? '').split(':');
  expect(dockerfile).toContain(`install -d -o ${user} -g ${user} ${folder}`);
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

// Reads the file only: no test starts nginx. That it behaves so was seen once by hand, with nginx 1.22 and two replicas.
test('a sale that one replica cannot take goes to the next, with its key and once more at most to each', () => {
  const config = readFileSync(new URL('nginx/nginx.conf.template', import.meta.url), 'utf8');
  const settingsOf = (location: string) => {
    const [, block = ''] = config.split(`location ${location} {`);
    return new Map(
      block
        .slice(0, block.indexOf('\n    }'))
        .split('\n')
        .map((line) => line.trim().replace(/;$/, '').split(/ +/))
        .map(([name = '', ...values]) => [name, values]),
    );
  };
  const posApi = settingsOf('/v1/');
  expect(posApi.get('proxy_pass')).toEqual(['http://pos_api']);
  // 503 is what the POS API says while it cannot take sales; a POST is repeated only where it is named.
  const next = ['error', 'timeout', 'http_502', 'http_503'];
  expect(posApi.get('proxy_next_upstream')).toEqual([...next, 'non_idempotent']);
  expect(posApi.get('proxy_next_upstream_tries')).toEqual(['3']);
  // The dashboard's forms have no key: none is sent twice.
  expect(settingsOf('/').get('proxy_next_upstream')).toEqual(next);
});

test.each([
  '../docker-compose.dev.yml',
  '../docker-compose.kafka.yml',
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
