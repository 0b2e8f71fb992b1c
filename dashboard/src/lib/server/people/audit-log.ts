import type { Pool } from 'pg';
import { z } from 'zod';

/** What happened, in the words of the log. */
export const ACTIONS = [
  ...['login', 'login refused', 'logout', 'till sign-in', 'till sign-out', 'PIN refused', 'PIN locked'],
  ...['user made', 'user changed', 'user ended', 'key made', 'key changed', 'key ended'],
  ...['product made', 'product changed', 'price set', 'branch made', 'branch changed'],
  ...['purchase voided', 'purchase returned', 'settings made', 'settings changed', 'customer forgotten'],
] as const;

/** What is looked for; absent: everything. */
export interface AuditFilter {
  action?: string | undefined;
  /** Part of who did it or of what it was done to. */
  text?: string | undefined;
  /** Milliseconds since 1970, half-open. */
  from?: number | undefined;
  to?: number | undefined;
  /** Entries before this one. */
  below?: string | undefined;
}

const entry = z.object({
  audit_id: z.string(),
  at: z.date(),
  who: z.string(),
  role: z.string(),
  action: z.string(),
  subject: z.string(),
  address: z.string().nullable(),
  request_id: z.string().nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
});
export type AuditEntry = z.output<typeof entry>;

/** Entries of the audit log, the newest first. */
export const readAudit = async (
  pool: Pool,
  { action, text, from, to, below }: AuditFilter,
  limit: number,
): Promise<AuditEntry[]> => {
  const { rows } = await pool.query(
    `select audit_id::text, at, who, role, action, subject, address, request_id, before, after from audit_log l
     where ($1::text is null or action = $1)
       and ($2::text is null or position(lower($2) in lower(who)) > 0 or position(lower($2) in lower(subject)) > 0)
       and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
       and ($5::bigint is null or audit_id < $5)
     order by l.audit_id desc limit $6`,
    [action, text, moment(from), moment(to), below, limit],
  );
  return rows.map((row) => entry.parse(row));
};

const moment = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
