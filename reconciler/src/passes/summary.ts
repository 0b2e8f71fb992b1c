import type { Comparison } from '../compare/compare.ts';
import type { Finding, Kind } from '../compare/difference.ts';
import { keyText, type Subject, type SubjectName } from '../facts/facts.ts';
import type { Healer, HealingStopped } from '../heal/healer.ts';

/** A finding with what became of it. */
export interface ReportedFinding extends Finding {
  subject: SubjectName;
  healed: boolean;
}

/** What a run compared and found in one scope. */
export interface Summary {
  slots: number;
  purchases: number;
  customers: number;
  /** Purchases that were on their way, by key. */
  inFlight: Set<string>;
  /** Whether everything that differed was decided. */
  decided: boolean;
  findings: ReportedFinding[];
}

/** What a run says of one scope. */
export interface Result {
  scope: 'recent' | 'purchases' | 'customers' | 'customer_branches' | 'catalog';
  /** The number of the run. */
  run: number;
  healingStopped: HealingStopped;
  /** When the pass over all history that it belongs to began. */
  passStartedAt: Date;
  finished: boolean;
  summary: Summary;
  inFlight: number;
  durationMs: number;
}

export const emptySummary = (): Summary => ({
  slots: 0,
  purchases: 0,
  customers: 0,
  inFlight: new Set(),
  decided: true,
  findings: [],
});

/** Heals what a comparison found and adds both to the summary. */
export const addComparison = async <Scope, Group>(
  summary: Summary,
  subject: Subject<Scope, Group>,
  comparison: Comparison,
  healer: Healer,
): Promise<void> => {
  summary.slots += comparison.groups;
  if (subject.name === 'purchase') summary.purchases += comparison.facts;
  else if (subject.name === 'customer' || subject.name === 'customer_branch') summary.customers += comparison.facts;
  if (subject.name === 'purchase') for (const key of comparison.inFlight) summary.inFlight.add(keyText(key));
  summary.decided &&= comparison.decided;
  const healed = await healer.heal(subject, comparison.findings, comparison.facts);
  addFindings(
    summary,
    comparison.findings.map((finding) => ({
      ...finding,
      subject: subject.name,
      healed: healed.has(keyText(finding.key)),
    })),
  );
};

/** Adds one summary to another. */
export const addSummary = (total: Summary, part: Summary): void => {
  total.slots += part.slots;
  total.purchases += part.purchases;
  total.customers += part.customers;
  for (const key of part.inFlight) total.inFlight.add(key);
  total.decided &&= part.decided;
  addFindings(total, part.findings);
};

/** A fact is found once per scope, however often it was compared. */
const addFindings = (summary: Summary, findings: readonly ReportedFinding[]): void => {
  const nameOf = ({ subject, key }: ReportedFinding) => `${subject} ${keyText(key)}`;
  const known = new Set(summary.findings.map(nameOf));
  summary.findings.push(...findings.filter((finding) => !known.has(nameOf(finding))));
};

export const countOf = ({ findings }: Summary, kind: Kind): number =>
  findings.filter((finding) => finding.kind === kind).length;

export const healedOf = ({ findings }: Summary): number => findings.filter(({ healed }) => healed).length;
