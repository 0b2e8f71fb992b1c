/** Why a row is rejected. */
export interface Reason {
  /** What is wrong, without values of the row: rejects are counted by it. */
  kind: string;
  /** What stands there, or should. */
  detail?: string | number;
}

/** A reason as people read it. */
export const reasonText = ({ kind, detail }: Reason): string => (detail === undefined ? kind : `${kind} ${detail}`);

/**
 * Rejected rows by reason, `…` standing for the values. A row with several counts under its first one, so that the counts add up to the
 * rows.
 */
export type RejectCounts = Record<string, number>;

/** Counts one more rejected row. */
export const countReject = (counts: RejectCounts, reasons: readonly Reason[]): void => {
  const [{ kind, detail } = { kind: 'no reason' }]: readonly Reason[] = reasons;
  const reason = detail === undefined ? kind : `${kind.replace(/:$/, '')} …`;
  counts[reason] = (counts[reason] ?? 0) + 1;
};
