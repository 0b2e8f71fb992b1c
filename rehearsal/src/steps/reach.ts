import { readFileSync } from 'node:fs';
import { run } from '../command.ts';
import { OURS, type Scene, STORES } from '../scene.ts';

const INNER = ['postgres/5432', 'redpanda/9092', 'clickhouse/8123', 'relay/4001', 'reconciler/9464'];

/** Tries what must not be reachable, from outside, from the proxy and from inside our containers. */
export const reach = async (scene: Scene): Promise<string> => {
  await onePort(scene);
  await throughTheProxy(scene);
  await fromTheProxy(scene);
  await fromOurs(scene);
  const bare = await everyContainerIsBare(scene);
  return [
    'one published port; no /metrics; 401 without a key; 413 above 64 kB; the proxy reaches no store; ours are not root, cannot write',
    `the stores' network has no way out; ${bare}`,
  ].join('; ');
};

const onePort = async ({ stack }: Scene): Promise<void> => {
  const label = `label=com.docker.compose.project=${stack.project}`;
  const published = (await run('docker', ['ps', '--filter', label, '--format', '{{.Names}} {{.Ports}}']))
    .split('\n')
    .filter((line) => line.includes('->'));
  if (published.length !== 1 || !published[0]?.includes('->8443/tcp')) {
    throw new Error(`published: ${published.join('; ')}`);
  }
};

const throughTheProxy = async ({ client }: Scene): Promise<void> => {
  const expectStatus = async (wanted: number, method: string, path: string, options = {}) => {
    const { status } = await client.ask(method, path, options);
    if (status !== wanted) throw new Error(`${method} ${path} answers ${status}, not ${wanted}`);
  };
  for (const hidden of ['/metrics', '/metrics/x']) await expectStatus(404, 'GET', hidden);
  for (const figures of ['/api/kpis', '/api/health', '/api/live', '/v1/products']) {
    await expectStatus(401, 'GET', figures, { anonymous: true });
  }
  const large = `{"x":"${'x'.repeat(70_000)}"}`;
  await expectStatus(413, 'POST', '/v1/purchases', { key: 'a-large-one', body: large });
};

/** Prints each of the targets (`host/port`) to which a connection can be made from inside the container. */
const OPENED =
  'for t in "$@"; do if timeout 2 bash -c "exec 3<>/dev/tcp/$t" 2>/dev/null; then echo "$t"; fi; done; true';

const opened = async (container: string, targets: readonly string[]): Promise<string[]> =>
  (await run('docker', ['exec', container, 'bash', '-c', OPENED, 'bash', ...targets])).split('\n').filter(Boolean);

const fromTheProxy = async ({ stack }: Scene): Promise<void> => {
  const [proxy = ''] = await stack.containers('proxy');
  const targets = [...INNER];
  for (const inner of INNER) {
    const [service = '', port] = inner.split('/');
    const [container = ''] = await stack.containers(service);
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
    const addresses = (await run('docker', ['inspect', '-f', format, container])).trim().split(' ');
    targets.push(...addresses.map((address) => `${address}/${port}`));
  }
  const found = await opened(proxy, targets);
  if (found.length > 0) throw new Error(`the proxy reaches ${found.join(', ')}`);
};

/**
 * What the kernel says of the first process of every container that runs: no capability in reach, no way to new privileges, a limit of
 * processes; and no folder of secrets but its own.
 */
const everyContainerIsBare = async ({ stack }: Scene): Promise<string> => {
  const services = [...OURS, ...STORES, 'proxy'];
  for (const service of services) {
    const [container = ''] = await stack.containers(service);
    const { pid } = await stack.state(container);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const inside = (await run('docker', ['exec', container, 'sh', '-c', 'ls /secrets; true'])).trim();
    const limit = (await run('docker', ['inspect', '-f', '{{.HostConfig.PidsLimit}}', container])).trim();
    const wanted = service === 'redpanda' ? '' : service;
    if (
      !/^CapBnd:\s0+$/m.test(status) ||
      !/^CapEff:\s0+$/m.test(status) ||
      !/^NoNewPrivs:\s1$/m.test(status) ||
      !(Number(limit) > 0) ||
      inside.replace(/^ls: .*/, '') !== wanted
    ) {
      throw new Error(`${service} has more than it needs: pids ${limit}, secrets "${inside}"\n${status}`);
    }
  }
  return `${services.length} containers without capabilities and new privileges, with a limit of processes and their own secrets alone`;
};

const fromOurs = async ({ stack }: Scene): Promise<void> => {
  for (const service of OURS) {
    const [container = ''] = await stack.containers(service);
    const attempt = 'id -u; touch /app/x 2>&1; cat /secrets/operator/postgres_url 2>&1; true';
    const tried = await run('docker', ['exec', container, 'sh', '-c', attempt]);
    if (tried.startsWith('0\n') || !/Read-only/.test(tried) || !/No such file/.test(tried)) {
      throw new Error(`${service} may do too much: ${tried}`);
    }
  }
  const [relay = ''] = await stack.containers('relay');
  const out = await opened(relay, ['1.1.1.1/443', '9.9.9.9/53']);
  if (out.length > 0) throw new Error(`the relay reaches ${out.join(', ')}`);
};
