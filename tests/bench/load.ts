import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { kpis } from '@tillstream/schemas/read-api';
import { cpuOfParts } from '../support/cpu.ts';
import { newPlace, removePlace, startStack } from '../support/stack.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PURCHASES = Number(process.env.BENCH_PURCHASES ?? 200_000);

/**
 * Loads a generated file into a running stack: purchases/s into Postgres, how long after the last one all are in the
 * figures, the loader's peak memory, and a second load of the same file.
 */
export const run = async (): Promise<void> => {
  const files = mkdtempSync(path.join(os.tmpdir(), 'tillstream-bench-'));
  const place = await newPlace();
  execFileSync(
    'npm',
    ['run', '--silent', 'generate', '--', '--purchases', String(PURCHASES), '--days', '365', '--out', files],
    {
      cwd: ROOT,
    },
  );
  const stack = await startStack(place, ['--empty']);
  try {
    const env = { ...process.env, ...stack.env };
    console.log(`Load: ${PURCHASES} purchases`);
    for (const which of ['first load', 'second load, the same file']) {
      const cpuBefore = cpuOfParts(stack.folder);
      const began = performance.now();
      const child = spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          'loader/src/main.ts',
          '--products',
          `${files}/products_list.csv`,
          '--purchases',
          `${files}/purchases.csv`,
          '--branches',
          `${files}/branches.csv`,
        ],
        { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let output = '';
      let peakKb = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk;
      });
      const watch = setInterval(() => {
        peakKb = Math.max(peakKb, residentKb(child.pid));
      }, 200);
      const [code] = await once(child, 'exit');
      clearInterval(watch);
      if (code !== 0) throw new Error(`the loader exited with ${code}`);
      const loaded = performance.now();
      let visible = 0;
      while (visible < PURCHASES) {
        visible = kpis.parse(await (await fetch(`${stack.dashboard}/api/kpis`)).json()).purchases;
        if (performance.now() - loaded > 120_000) throw new Error(`only ${visible} are in the figures after 120 s`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const seconds = (loaded - began) / 1000;
      console.log(`  ${which}`);
      console.log(`    ${output.trim().split('\n').at(-1)}`);
      console.log(
        `    whole command ${seconds.toFixed(1)} s, ${(PURCHASES / seconds).toFixed(0)} purchases/s, peak memory ${(peakKb / 1024).toFixed(0)} MB`,
      );
      const cpu = Object.entries(cpuOfParts(stack.folder)).map(
        ([part, used]) => `${part} ${(used - (cpuBefore[part] ?? 0)).toFixed(1)}`,
      );
      console.log(`    CPU seconds: ${cpu.join(', ')}`);
      console.log(
        `    all in the figures ${((performance.now() - loaded) / 1000).toFixed(1)} s after the last: ${visible}`,
      );
    }
  } finally {
    await stack.stop();
    removePlace(place);
    rmSync(files, { recursive: true, force: true });
  }
};

const residentKb = (pid: number | undefined): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
};
