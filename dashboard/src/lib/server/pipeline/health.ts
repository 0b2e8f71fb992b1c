import type { Health } from '@tillstream/schemas/read-api';
import type { Pipeline, Sealer } from '../../figures/figures.ts';
import { sealerState } from '../../pipeline/sealer-state.ts';
import { duration } from '../../words/format.ts';

/** A sale waits milliseconds; one that waits this long is held up. */
const HELD_UP_MS = 15_000;

/**
 * The state of each part, for programs. Without ClickHouse there are no fresh figures (`down`); what else is missing or
 * held up makes figures late, never wrong (`degraded`).
 *
 * @param hasBroker false: the relay writes into ClickHouse itself and the broker is no part
 */
export const healthOf = (
  { clickhouse, pipeline, hasBroker }: { clickhouse: boolean; pipeline: Pipeline; hasBroker: boolean },
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
  if (hasBroker) {
    parts.broker =
      uncounted === null
        ? { status: 'degraded', detail: 'does not answer' }
        : { status: 'ok', detail: `${uncounted} messages not read yet` };
  }
  if (sealer !== null) parts.sealer = sealerPart(sealer, now);
  const states = Object.values(parts).map((part) => part.status);
  return { status: states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'ok', parts };
};

const sealerPart = (sealer: Sealer, now: number): Health['parts'][string] => {
  const { proofAge, behind, overdue } = sealerState(sealer, now);
  const proved = proofAge === undefined ? 'nothing was proved yet' : `proved ${duration(proofAge)} ago`;
  const sealed = behind === undefined ? 'nothing is sealed yet' : `sealed up to ${duration(behind)} ago`;
  return { status: overdue === undefined ? 'ok' : 'degraded', detail: `${proved}, ${sealed}` };
};
