import type { Pipeline } from '../figures/figures.ts';
import { text } from '../text/common.ts';
import { duration, type Format } from '../words/format.ts';

/** A sale is on its way for a moment; one that waits this long is held up. */
const HELD_UP_MS = 5_000;
/** What is being counted within one look is no news. */
const MANY = 200;
/** The server counts no further than this. */
const MOST_COUNTED = 10_000;

export type PipelineState = 'flowing' | 'late' | 'unknown' | 'away';

/** The pipeline's health in one sentence of the owner's words. `now` is the server's clock in milliseconds. */
export const pipelineLine = (
  { waiting, waiting_since, uncounted }: Pipeline,
  { ok, now, format }: { ok: boolean; now: number; format: Format },
): { state: PipelineState; line: string } => {
  const sales = (count: number) =>
    count > MOST_COUNTED
      ? text.pipeline.sales(count, text.pipeline.atLeast(format.number(MOST_COUNTED)))
      : text.pipeline.sales(count, format.number(count));
  if (!ok) return { state: 'away', line: text.pipeline.away };
  if (waiting === null || uncounted === null) return { state: 'unknown', line: text.pipeline.unknown };
  const age = waiting_since === null ? 0 : now - Date.parse(waiting_since);
  if (waiting > 0 && age > HELD_UP_MS) {
    return { state: 'late', line: text.pipeline.heldUp(sales(waiting), duration(age)) };
  }
  if (uncounted > MANY) return { state: 'late', line: text.pipeline.counting(sales(uncounted)) };
  return { state: 'flowing', line: text.pipeline.flowing };
};
