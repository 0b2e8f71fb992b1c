import type { Level } from '../../calendar/spans.ts';
import { chunked, type SealContext, sealedAt } from '../context.ts';
import { days, instants, texts } from './literals.ts';

/** A span without any facts or parts left. `start` in ms since 1970, `firstDay` in days. */
export interface EmptySpan {
  level: Level;
  scope: 'branch' | 'country' | 'chain';
  place: string;
  start: number;
  firstDay: number;
}

/** Seals spans as nothing: rows that once had figures are replaced by zeros. */
export const sealEmpty = async (context: SealContext, spans: readonly EmptySpan[]): Promise<void> => {
  const { clickhouse, clock } = context;
  for (const some of chunked(spans, 1_000)) {
    const columns = [
      texts(some.map(({ level }) => level)),
      texts(some.map(({ scope }) => scope)),
      texts(some.map(({ place }) => place)),
      instants(some.map(({ start }) => start / 1000)),
      days(some.map(({ firstDay }) => firstDay)),
    ];
    await clickhouse.insertSelect({
      name: 'seal_empty',
      table: 'sealed.spans (clock, level, scope, place, start, first_day, sealed_at)',
      select: `SELECT {clock:String}, span.1, span.2, span.3, span.4, span.5, ${sealedAt(context)}
        FROM (SELECT arrayJoin(arrayZip(${columns.join(', ')})) AS span)`,
      params: { clock },
    });
  }
};
