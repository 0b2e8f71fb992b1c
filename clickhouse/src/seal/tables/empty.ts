import type { Level } from '../../calendar/spans.ts';
import { chunked, type SealContext } from '../context.ts';

/** A span without any facts or parts left. `start` in ms since 1970, `firstDay` in days. */
export interface EmptySpan {
  level: Level;
  scope: 'branch' | 'country' | 'chain';
  place: string;
  start: number;
  firstDay: number;
}

/** Seals spans as nothing: rows that once had figures are replaced by zeros. */
export const sealEmpty = async ({ clickhouse, clock }: SealContext, spans: readonly EmptySpan[]): Promise<void> => {
  for (const some of chunked(spans, 5_000)) {
    await clickhouse.insert(
      'sealed.spans',
      some.map(({ level, scope, place, start, firstDay }) => ({
        clock,
        level,
        scope,
        place,
        start: start / 1000,
        first_day: firstDay,
      })),
    );
  }
};
