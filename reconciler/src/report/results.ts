import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Fact } from '../facts/facts.ts';
import { countOf, healedOf, type ReportedFinding, type Result } from '../passes/summary.ts';

/** Writes the results of a run, ended at this moment, and every finding by name. */
export const writeResults = async (
  clickhouse: ClickHouse,
  checkedAt: Date,
  results: readonly Result[],
): Promise<void> => {
  const findings = results.flatMap(({ summary }) => summary.findings);
  // Findings first: a result that counts some can then always name them.
  if (findings.length > 0) {
    await clickhouse.insert(
      'ops.reconciliation_findings',
      findings.map((finding) => findingRow(checkedAt, finding)),
    );
  }
  await clickhouse.insert(
    'ops.reconciliation',
    results.map(({ scope, run, healingStopped, passStartedAt, finished, summary, inFlight, durationMs }) => ({
      checked_at: checkedAt.toISOString(),
      scope,
      run,
      healing_stopped: healingStopped,
      pass_started_at: passStartedAt.toISOString(),
      pass_finished: finished,
      slots: summary.slots,
      purchases: summary.purchases,
      customers: summary.customers,
      in_flight: inFlight,
      lost: countOf(summary, 'lost'),
      extra: countOf(summary, 'extra'),
      different: countOf(summary, 'different'),
      healed: healedOf(summary),
      duration_ms: durationMs,
    })),
  );
};

const findingRow = (foundAt: Date, { kind, subject, key, clickhouse, postgres, healed }: ReportedFinding) => ({
  found_at: foundAt.toISOString(),
  subject,
  kind,
  purchase_id: subject === 'purchase' ? key.id : null,
  customer_id: subject === 'customer' || subject === 'customer_branch' ? key.id : null,
  product_id: subject === 'product' ? key.id : '',
  branch_id: subject === 'branch' ? key.id : (key.branch ?? ''),
  slot: key.slot,
  clickhouse: asText(clickhouse),
  postgres: asText(postgres),
  healed,
});

const asText = (fact: Fact | undefined): string =>
  fact === undefined ? '' : JSON.stringify({ version: fact.version, counts: fact.counts, ...fact.content });
