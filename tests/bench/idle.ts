import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuOfParts, partsOf } from '../support/cpu.ts';
import { memoryOf } from '../support/memory.ts';
import { newPlace, removePlace, startStack } from '../support/stack.ts';

const WARM_UP_SECONDS = 60;
const MEASURED_SECONDS = 120;
const TILLS = fileURLToPath(new URL('../../loader/tills/main.ts', import.meta.url));

/**
 * What the demo costs while nobody looks: CPU time and memory of each part. `all` has `npm start` in it. Its tills sell at the pace of the
 * hour; with BENCH_RATE others sell so much a second besides, whose own cost is not counted.
 */
export const run = async (): Promise<void> => {
  const place = await newPlace();
  const stack = await startStack(place, []);
  const rate = process.env.BENCH_RATE;
  const more = rate ? sell(rate, stack.posApi) : undefined;
  try {
    await delay(WARM_UP_SECONDS * 1_000);
    const before = cpuOfParts(stack.folder);
    await delay(MEASURED_SECONDS * 1_000);
    const after = cpuOfParts(stack.folder);
    const line = (name: string, share: number, pid = 0) => {
      const { pss, rss } = memoryOf(pid);
      console.log(
        `${name.padEnd(10)} ${share.toFixed(1).padStart(5)} % of a core   PSS ${String(pss).padStart(4)} MB   RSS ${rss} MB`,
      );
    };
    let all = 0;
    for (const { name, pid } of partsOf(stack.folder).filter(({ name }) => name !== 'start')) {
      const share = (((after[name] ?? 0) - (before[name] ?? 0)) / MEASURED_SECONDS) * 100;
      all += share;
      line(name, share, pid);
    }
    line('all', all, stack.process.pid);
  } finally {
    more?.kill();
    await stack.stop();
    removePlace(place);
  }
};

const sell = (rate: string, url: string) =>
  spawn(process.execPath, ['--import', 'tsx', TILLS, '--rate', rate, '--url', url], { stdio: 'ignore' });
