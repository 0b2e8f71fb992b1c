import { setTimeout as delay } from 'node:timers/promises';
import { cpuOfParts } from '../../support/cpu.ts';
import { memoryOfPart } from '../../support/memory.ts';
import { newPlace, removePlace, type Stack, startStack } from '../../support/stack.ts';
import { queriesOf } from '../queries.ts';
import { watch } from '../watch.ts';
import { sellSteadily } from './sell-steadily.ts';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const PER_SECOND = 5;
const VIEWERS = [1, 200];

/** What 200 viewers of the live stream cost beside 1, while tills sell 5 purchases a second: CPU, memory, ClickHouse's queries. */
export const run = async (): Promise<void> => {
  const place = await newPlace();
  const stack = await startStack(place, ['--no-tills']);
  try {
    console.log(`Live stream: ${SECONDS} s each at ${PER_SECOND} purchases/s`);
    for (const viewers of VIEWERS) await measure(stack, viewers);
  } finally {
    await stack.stop();
    removePlace(place);
  }
};

const measure = async (stack: Stack, viewers: number): Promise<void> => {
  const stop = new AbortController();
  const counts = await Promise.all(
    Array.from({ length: viewers }, () => watch(`${stack.dashboard}/api/live`, stop.signal)),
  );
  await delay(3_000);
  const [cpuBefore, queriesBefore, messagesBefore] = [
    cpuOfParts(stack.folder),
    await queriesOf(stack.clickhouseAdmin),
    total(counts),
  ];
  await sellSteadily(stack.posApi, PER_SECOND, SECONDS);
  const [cpu, queries] = [cpuOfParts(stack.folder), await queriesOf(stack.clickhouseAdmin)];
  const share = (part: string) => (((cpu[part] ?? 0) - (cpuBefore[part] ?? 0)) / SECONDS) * 100;
  console.log(
    `${String(viewers).padStart(4)} viewers: dashboard ${share('dashboard').toFixed(1)} % of a core and ${memoryOfPart(stack.folder, 'dashboard')} MB, ` +
      `ClickHouse ${share('clickhouse').toFixed(1)} % and ${((queries - queriesBefore) / SECONDS).toFixed(1)} queries/s, ` +
      `${((total(counts) - messagesBefore) / SECONDS / viewers).toFixed(1)} messages/s each`,
  );
  stop.abort();
  await delay(1_000);
};

const total = (counts: { messages: number }[]): number => counts.reduce((sum, { messages }) => sum + messages, 0);
