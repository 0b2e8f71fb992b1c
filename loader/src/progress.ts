import { SingleBar } from 'cli-progress';
import type { Progress } from './load.ts';

/** Shows how far a load is. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

const perSecond = (rows: number, seconds: number) => whole.format(rows / Math.max(seconds, 0.001));

const counts = ({ rows, duplicates, rejected, retries }: Progress, seconds: number) => {
  const parts = [`${whole.format(rows)} rows`, `${perSecond(rows, seconds)}/s`];
  parts.push(`${whole.format(duplicates)} duplicates`, `${whole.format(rejected)} rejected`);
  if (retries > 0) parts.push(`${whole.format(retries)} retries`);
  return parts.join(', ');
};

const bar = (started: number): ProgressDisplay => {
  const single = new SingleBar({
    format: 'Loading {bar} {percentage}% | {counts}',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    stopOnComplete: false,
  });
  single.start(1, 0, { counts: '' });
  return {
    show(progress) {
      single.setTotal(Math.max(progress.totalBytes, 1));
      single.update(progress.bytes, { counts: counts(progress, (Date.now() - started) / 1000) });
    },
    stop: () => single.stop(),
  };
};

const lines = (started: number, everyMs: number): ProgressDisplay => {
  let last = started;
  return {
    show(progress) {
      const now = Date.now();
      if (now - last < everyMs) return;
      last = now;
      const percent = Math.floor((100 * progress.bytes) / Math.max(progress.totalBytes, 1));
      console.error(`Loading: ${percent} %, ${counts(progress, (now - started) / 1000)}`);
    },
    stop: () => {},
  };
};

/** A bar on a terminal, else a plain line on stderr every two seconds. */
export const progressDisplay = (terminal: boolean): ProgressDisplay =>
  terminal ? bar(Date.now()) : lines(Date.now(), 2_000);
