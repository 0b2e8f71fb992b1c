import type { Finding, Kind } from './compare.ts';
import { keyText, type Subject } from './facts.ts';
import type { Healer } from './heal.ts';
import type { Comparison } from './settle.ts';

/** A finding with what became of it. */
export interface NamedFinding extends Finding {
  subject: Subject<unknown, unknown>['name'];
  healed: boolean;
}

/** What a run compared and found in one scope. */
export interface Tally {
  slots: number;
  purchases: number;
  customers: number;
  /** Purchases that were on their way, by key. */
  moving: Set<string>;
  /** Whether everything that differed was decided. */
  decided: boolean;
  findings: NamedFinding[];
}

export const emptyTally = (): Tally => ({
  slots: 0,
  purchases: 0,
  customers: 0,
  moving: new Set(),
  decided: true,
  findings: [],
});

/** Heals what a comparison found and adds it to the tally. */
export const take = async <Scope, Group>(
  tally: Tally,
  subject: Subject<Scope, Group>,
  comparison: Comparison,
  healer: Healer,
): Promise<void> => {
  tally.slots += comparison.groups;
  tally[subject.name === 'purchase' ? 'purchases' : 'customers'] += comparison.facts;
  if (subject.name === 'purchase') for (const key of comparison.moving) tally.moving.add(keyText(key));
  tally.decided &&= comparison.decided;
  const healed = await healer.heal(subject, comparison.findings);
  addFindings(
    tally,
    comparison.findings.map((finding) => ({
      ...finding,
      subject: subject.name,
      healed: healed.has(keyText(finding.key)),
    })),
  );
};

/** Adds one tally to another. */
export const add = (total: Tally, part: Tally): void => {
  total.slots += part.slots;
  total.purchases += part.purchases;
  total.customers += part.customers;
  for (const key of part.moving) total.moving.add(key);
  total.decided &&= part.decided;
  addFindings(total, part.findings);
};

/** A fact is found once per scope, however many looks came across it. */
const addFindings = (tally: Tally, findings: readonly NamedFinding[]): void => {
  const nameOf = ({ subject, key }: NamedFinding) => `${subject} ${keyText(key)}`;
  const known = new Set(tally.findings.map(nameOf));
  tally.findings.push(...findings.filter((finding) => !known.has(nameOf(finding))));
};

export const countOf = ({ findings }: Tally, kind: Kind): number =>
  findings.filter((finding) => finding.kind === kind).length;

export const healedOf = ({ findings }: Tally): number => findings.filter(({ healed }) => healed).length;
