import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ROOT, run } from '../command.ts';
import { requireAll, type Scene, told } from '../scene.ts';

export const WITH_MONITORING = ['-f', 'docker-compose.yml', '-f', 'docker-compose.monitoring.yml'] as const;

const JOBS = ['clickhouse', 'disks', 'pos-api', 'reconciler', 'relay'];
/** What must be seen firing when the broker is away. */
const OF_THE_BROKER = ['BrokerIsAway', 'EventsWait'];
const SALES_PER_SECOND = 10;

const targets = z.object({
  activeTargets: z.array(
    z.object({ labels: z.object({ job: z.string() }), health: z.string(), lastError: z.string() }),
  ),
});
const rules = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ name: z.string(), health: z.string(), state: z.string().optional() })) }),
  ),
});
const queried = z.object({ result: z.array(z.unknown()) });
const board = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

/**
 * Runs Prometheus with its configuration on the stack: every target is scraped, every rule evaluated, every expression of
 * Grafana's dashboard answered. Then the broker is stopped while tills sell: the alerts of that fire, and end.
 */
export const watch = async ({ stack, tills }: Scene): Promise<string> => {
  await stack.compose(...WITH_MONITORING, 'up', '-d', '--no-deps', 'disks', 'prometheus');
  const [prometheus = ''] = await stack.containers('prometheus');
  const ask = async (question: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${stack.env.PROMETHEUS_PORT}/api/v1/${question}`);
    const { data } = z.object({ data: z.unknown() }).parse(await response.json());
    return data;
  };
  await files(prometheus);
  await until('every target is scraped', () => scraped(ask));
  await until('no alert fires', async () => (await alerts(ask, 'firing')).join(', '));
  await tills.sellDuring(SALES_PER_SECOND, () => delay(10_000));
  const asked = await expressions(ask);

  const [broker = ''] = await stack.containers('redpanda');
  let fired = 0;
  const takings = await tills.sellDuring(SALES_PER_SECOND, async () => {
    await run('docker', ['stop', '--time', '20', broker]);
    const began = performance.now();
    await until('the alerts of the broker fire', async () => {
      const firing = await alerts(ask, 'firing');
      return OF_THE_BROKER.filter((name) => !firing.includes(name)).join(', ');
    });
    fired = (performance.now() - began) / 1000;
    await run('docker', ['start', broker]);
    await stack.untilHealthy(broker);
    await until('they end', async () => {
      const firing = await alerts(ask, 'firing');
      return OF_THE_BROKER.filter((name) => firing.includes(name)).join(', ');
    });
  });
  requireAll(takings);
  await stack.compose(...WITH_MONITORING, 'rm', '--stop', '--force', 'disks', 'prometheus');
  return `${JOBS.length} jobs scraped, ${asked} expressions of Grafana answered; ${OF_THE_BROKER.join(' and ')} fired ${fired.toFixed(0)} s after the broker stopped and ended when it was back; ${told(takings)}`;
};

/** promtool on the configuration, the rules and the rules' unit tests, as they are mounted. */
const files = async (prometheus: string): Promise<void> => {
  const promtool = (...args: string[]) => run('docker', ['exec', prometheus, 'promtool', ...args]);
  await promtool('check', 'config', '/etc/prometheus/prometheus.yml');
  await promtool('test', 'rules', '/etc/prometheus/alerts.test.yml');
};

type Ask = (question: string) => Promise<unknown>;

/** What is not scraped yet; empty when all is. */
const scraped = async (ask: Ask): Promise<string> => {
  const { activeTargets } = targets.parse(await ask('targets?state=active'));
  const down = activeTargets
    .filter(({ health }) => health !== 'up')
    .map((each) => `${each.labels.job}: ${each.lastError}`);
  const missing = JOBS.filter((job) => !activeTargets.some(({ labels }) => labels.job === job));
  return [...missing, ...down].join(', ');
};

/** The names of the alerts in this state. Throws when a rule cannot be evaluated. */
const alerts = async (ask: Ask, state: string): Promise<string[]> => {
  const all = rules.parse(await ask('rules')).groups.flatMap((group) => group.rules);
  const ill = all.filter(({ health }) => health === 'err').map(({ name }) => name);
  if (ill.length > 0) throw new Error(`rules that cannot be evaluated: ${ill.join(', ')}`);
  return all.filter((each) => each.state === state).map(({ name }) => name);
};

/** Asks every expression of Grafana's dashboard. Throws when one has no answer; only differences may have none. */
const expressions = async (ask: Ask): Promise<number> => {
  const file = path.join(ROOT, 'deploy', 'grafana', 'dashboards', 'tillstream.json');
  const { panels } = board.parse(JSON.parse(readFileSync(file, 'utf8')));
  let asked = 0;
  for (const { title, targets: all } of panels) {
    for (const { expr } of all) {
      const { result } = queried.parse(await ask(`query?query=${encodeURIComponent(expr)}`));
      if (result.length === 0 && !expr.includes('findings')) throw new Error(`${title}: nothing answers ${expr}`);
      asked += 1;
    }
  }
  return asked;
};

/** Waits until nothing is left of what the check tells. */
const until = async (what: string, left: () => Promise<string>): Promise<void> => {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const still = await left().catch((error: unknown) => String(error));
    if (still === '') return;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}: ${still}`);
    await delay(1_000);
  }
};
