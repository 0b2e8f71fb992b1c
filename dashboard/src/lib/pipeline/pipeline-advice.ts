import type { Pipeline } from '../figures/figures.ts';
import { pipelinePage as text } from '../text/pipeline.ts';
import { duration } from '../words/format.ts';
import { sealerState } from './sealer-state.ts';

/** A sale waits milliseconds; one that waits this long is held up. */
const HELD_UP_MS = 10_000;
const MANY = 1_000;
/** The reconciler compares every few seconds. */
const OLD_CHECK_MS = 120_000;

/** What an operator should do now, the most urgent first. `now` is the server's clock in milliseconds. */
export const pipelineAdvice = (
  { waiting, waiting_since, uncounted, books, sealer }: Pipeline,
  { figuresOk, quarantined, now }: { figuresOk: boolean; quarantined: number; now: number },
): string[] => {
  const advice: string[] = [];
  const waits = waiting_since === null ? 0 : now - Date.parse(waiting_since);
  if (waiting === null) advice.push(text.advice.postgres);
  if (!figuresOk) advice.push(text.advice.clickhouse);
  if (uncounted === null) advice.push(text.advice.broker);
  else if (waiting !== null && waiting > 0 && waits > HELD_UP_MS) advice.push(text.advice.outbox(duration(waits)));
  if (uncounted !== null && uncounted > MANY) advice.push(text.advice.lag);
  if (figuresOk) {
    const age = books?.checked_at == null ? undefined : now - Date.parse(books.checked_at);
    if (books !== null && age === undefined) advice.push(text.advice.unchecked);
    if (age !== undefined && age > OLD_CHECK_MS) advice.push(text.advice.stale(duration(age)));
    if (books !== null && books.lost + books.extra + books.different > 0) advice.push(text.advice.books);
    if (sealer !== null) {
      const { proofAge, overdue } = sealerState(sealer, now);
      if (overdue === 'horizon') advice.push(text.advice.horizon);
      else if (overdue === 'proof') {
        advice.push(proofAge === undefined ? text.advice.unproved : text.advice.proof(duration(proofAge)));
      }
    }
    if (quarantined > 0) advice.push(text.advice.quarantine);
  }
  return advice.length === 0 ? [text.advice.fine] : advice;
};
