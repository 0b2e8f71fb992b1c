import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Fact } from './facts.ts';
import { countOf, healedOf, type NamedFinding, type Tally } from './tally.ts';

/** What a run says of one scope. */
export interface Result {
  scope: 'recent' | 'purchases' | 'customers' | 'customer_branches';
  /** When the pass over all history began that it belongs to. */
  passStartedAt: Date;
  finished: boolean;
  tally: Tally;
  inFlight: number;
  durationMs: number;
}

/** Writes the results of a run, ended at this moment, and every finding by name. */
export const writeResults = async (
  clickhouse: ClickHouse,
  checkedAt: Date,
  results: readonly Result[],
): Promise<void> => {
  const findings = results.flatMap(({ tally }) => tally.findings);
  // Findings first: a result that counts some can then always name them.
  if (findings.length > 0) {
    await clickhouse.insert(
      'ops.reconciliation_findings',
      findings.map((finding) => findingRow(checkedAt, finding)),
    );
  }
  await clickhouse.insert(
    'ops.reconciliation',
    results.map(({ scope, passStartedAt, finished, tally, inFlight, durationMs }) => ({
      checked_at: checkedAt.toISOString(),
      scope,
      pass_started_at: passStartedAt.toISOString(),
      pass_finished: finished,
      slots: tally.slots,
      purchases: tally.purchases,
      customers: tally.customers,
      in_flight: inFlight,
      lost: countOf(tally, 'lost'),
      extra: countOf(tally, 'extra'),
      different: countOf(tally, 'different'),
      healed: healedOf(tally),
      duration_ms: durationMs,
    })),
  );
};

const findingRow = (foundAt: Date, { kind, subject, key, clickhouse, postgres, healed }: NamedFinding) => ({
  found_at: foundAt.toISOString(),
  subject,
  kind,
  purchase_id: subject === 'purchase' ? key.id : null,
  customer_id: subject === 'purchase' ? null : key.id,
  branch_id: key.branch ?? '',
  slot: key.slot,
  clickhouse: asText(clickhouse),
  postgres: asText(postgres),
  healed,
});

const asText = (fact: Fact | undefined): string =>
  fact === undefined ? '' : JSON.stringify({ version: fact.version, counts: fact.counts, ...fact.content });
