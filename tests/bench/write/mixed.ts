import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { newPlace, removePlace, type Stack, startStack } from '../../support/stack.ts';
import { line, milliseconds, percentile, slope } from '../statistics.ts';
import { openLoop, othersOf } from './http-load.ts';
import { randomPurchase } from './purchases.ts';

const CONNECTIONS = 32;
const PURCHASES_PER_SECOND = 150;
const OTHERS_PER_SECOND = 10;
const WARM_UP_MINUTES = 5;
const STEP_SECONDS = 60;

/**
 * The whole stack under purchases, retries, voids, look-ups and refusals for minutes: what memory and latency do over
 * time. What happens in the first five minutes (a quarter of a shorter run) counts as warming up.
 */
export const benchMixed = async (minutes: number): Promise<void> => {
  console.log(
    `Mixed load for ${minutes} min: ${PURCHASES_PER_SECOND} purchases/s and ${OTHERS_PER_SECOND} other requests/s`,
  );
  const place = await newPlace();
  const stack = await startStack(place, ['--empty']);
  const memory: Record<string, number[]> = {};
  const p99: number[] = [];
  try {
    for (let minute = 1; minute <= minutes; minute++) {
      const others = new AbortController();
      const asking = askOthers(stack.posApi, others.signal);
      const load = await openLoop(stack.posApi, CONNECTIONS, PURCHASES_PER_SECOND, STEP_SECONDS);
      others.abort();
      const strange = await asking;
      p99.push(percentile(load.latencies, 99));
      const now = memoryOf(stack);
      for (const [part, megabytes] of Object.entries(now)) memory[part] = [...(memory[part] ?? []), megabytes];
      const told = Object.entries(now).map(([part, megabytes]) => `${part} ${megabytes.toFixed(0)}`);
      line(`minute ${minute}`, `${milliseconds(load.latencies)}${othersOf(load)}${strange}; MB: ${told.join(', ')}`);
    }
  } finally {
    await stack.stop();
    removePlace(place);
  }
  const from = Math.min(WARM_UP_MINUTES, Math.ceil(minutes / 4)) - 1;
  for (const [part, values] of Object.entries(memory)) {
    const steady = values.slice(from);
    const [first = Number.NaN, last = Number.NaN] = [steady[0], steady.at(-1)];
    line(
      `memory of ${part}`,
      `${first.toFixed(0)} MB after minute ${from + 1}, ${last.toFixed(0)} MB at the end = ${(last / first).toFixed(2)}×, ${slope(steady).toFixed(2)} MB/min`,
    );
  }
  line('p99 of a purchase', `${slope(p99.slice(from)).toFixed(2)} ms/min`);
};

/** Retries, conflicts, voids, look-ups and refusals, until the signal; answers what was not as expected, as a phrase. */
const askOthers = async (api: string, signal: AbortSignal): Promise<string> => {
  const strange: Record<string, number> = {};
  const expectStatus = async (what: string, expected: number, asked: Promise<Response>) => {
    const status = await asked.then(
      async (response) => {
        await response.arrayBuffer();
        return String(response.status);
      },
      () => 'no answer',
    );
    if (status !== String(expected)) strange[`${what} ${status}`] = (strange[`${what} ${status}`] ?? 0) + 1;
  };
  while (!signal.aborted) {
    const key = randomUUID();
    const body = randomPurchase();
    let other = randomPurchase();
    while (other === body) other = randomPurchase();
    const post = (content: string) =>
      fetch(`${api}/v1/purchases`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
        body: content,
      });
    const recorded = await post(body).catch(() => undefined);
    const place = recorded?.headers.get('location') ?? '/none';
    await recorded?.arrayBuffer();
    await expectStatus('retry', 201, post(body));
    await expectStatus('conflict', 422, post(other));
    await expectStatus('look-up', 200, fetch(`${api}${place}`));
    await expectStatus('void', 200, fetch(`${api}${place}/void`, { method: 'POST' }));
    await expectStatus('catalog', 200, fetch(`${api}/v1/products`));
    await expectStatus('refusal', 422, post('{"branch_id":7}'));
    await expectStatus('nothing', 404, fetch(`${api}/v1/products/none`));
    await delay(8_000 / OTHERS_PER_SECOND);
  }
  return Object.entries(strange)
    .map(([what, count]) => `, ${count} × ${what}`)
    .join('');
};

const processes = z.array(z.object({ name: z.string(), pid: z.int() }));

/** Resident memory of each part's own process (not of Postgres's children, which share theirs), in MB. */
const memoryOf = ({ folder }: Stack): Record<string, number> => {
  const parts = processes.parse(JSON.parse(readFileSync(path.join(folder, 'processes.json'), 'utf8')));
  return Object.fromEntries(
    parts
      .filter(({ name }) => name !== 'start' && name !== 'postgres')
      .map(({ name, pid }) => {
        const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        return [name, Number(kilobytes) / 1024];
      }),
  );
};
