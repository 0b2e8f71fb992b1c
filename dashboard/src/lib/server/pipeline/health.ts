import type { Health } from '@tillstream/schemas/read-api';
import type { Books, Pipeline, Sealer, Warnings } from '../../figures/figures.ts';
import { sealerState } from '../../pipeline/sealer-state.ts';
import { duration } from '../../words/format.ts';

/** A sale waits milliseconds; one that waits this long is held up. */
const HELD_UP_MS = 15_000;
/** The reconciler compares every few seconds. */
const OLD_CHECK_MS = 120_000;

type PartHealth = Health['parts'][string];

/**
 * The state of each part, for programs. Without ClickHouse there are no fresh figures (`down`); what else is missing or
 * held up makes figures late; figures that differ from the books are wrong until they are healed (both `degraded`).
 *
 * @param hasBroker false: the relay writes into ClickHouse itself and the broker is no part
 */
export const healthOf = (
  {
    clickhouse,
    pipeline,
    warnings,
    hasBroker,
  }: { clickhouse: boolean; pipeline: Pipeline; warnings: Warnings; hasBroker: boolean },
  now: number,
): Health => {
  const { waiting, waiting_since, uncounted, sealer } = pipeline;
  const age = waiting_since === null ? 0 : Math.max(0, now - Date.parse(waiting_since));
  const parts: Health['parts'] = {
    clickhouse: clickhouse
      ? { status: 'ok', detail: 'answers' }
      : { status: 'down', detail: 'does not answer; the last good figures stay' },
    outbox:
      waiting === null
        ? { status: 'degraded', detail: 'Postgres does not answer' }
        : {
            status: age > HELD_UP_MS ? 'degraded' : 'ok',
            detail: `${waiting} waiting, the first for ${Math.round(age / 1000)} s`,
          },
  };
  parts.books = booksHealth(pipeline.books, now);
  parts.quarantine = quarantineHealth(warnings.quarantined_lately);
  if (hasBroker) {
    parts.broker =
      uncounted === null
        ? { status: 'degraded', detail: 'does not answer' }
        : brokerHealth(uncounted, warnings.strangers);
  }
  if (sealer !== null) parts.sealer = sealerPart(sealer, now);
  const states = Object.values(parts).map((part) => part.status);
  return { status: states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'ok', parts };
};

const sealerPart = (sealer: Sealer, now: number): PartHealth => {
  const { proofAge, behind, overdue } = sealerState(sealer, now);
  const proved = proofAge === undefined ? 'nothing was proved yet' : `proved ${duration(proofAge)} ago`;
  const sealed = behind === undefined ? 'nothing is sealed yet' : `sealed up to ${duration(behind)} ago`;
  return { status: overdue === undefined ? 'ok' : 'degraded', detail: `${proved}, ${sealed}` };
};

const brokerHealth = (uncounted: number, strangers: string[] | null): PartHealth =>
  strangers !== null && strangers.length > 0
    ? { status: 'degraded', detail: `others read as ClickHouse and take sales away from it: ${strangers.join(', ')}` }
    : { status: 'ok', detail: `${uncounted} messages not read yet` };

const booksHealth = (books: Books | null, now: number): PartHealth => {
  if (books === null) return { status: 'degraded', detail: 'not known whether figures and books agree' };
  if (books.checked_at === null) return { status: 'degraded', detail: 'figures and books were never compared' };
  const { lost, extra, different, healing_stopped } = books;
  const found = `${lost} lost, ${extra} extra, ${different} different`;
  if (healing_stopped) return { status: 'degraded', detail: `${found}; healing has stopped: ${healing_stopped}` };
  if (lost + extra + different > 0) return { status: 'degraded', detail: found };
  const age = Math.max(0, now - Date.parse(books.checked_at));
  return {
    status: age > OLD_CHECK_MS ? 'degraded' : 'ok',
    detail: `${found}, compared ${Math.round(age / 1000)} s ago`,
  };
};

const quarantineHealth = (lately: number | null): PartHealth =>
  lately === null
    ? { status: 'degraded', detail: 'not known' }
    : { status: lately > 0 ? 'degraded' : 'ok', detail: `${lately} messages in the last ten minutes` };
