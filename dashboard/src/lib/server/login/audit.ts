import type { Pool } from 'pg';
import { getLog } from '../log.ts';

/** What happened at the login or at a till, for the audit log. */
export interface Happened {
  action: 'login' | 'login refused' | 'logout' | 'till sign-in' | 'till sign-out' | 'PIN refused' | 'PIN locked';
  /** A user's name; `unknown` where somebody gave a name that nobody has, which may be a password. */
  who: string;
  role: string;
  /** Of what, e.g. the branch of a till. */
  subject?: string;
  address?: string;
}

/** Writes into the audit log. It never fails: what cannot be written stands in the server's log. */
export type Audit = (happened: Happened) => Promise<void>;

export const createAudit =
  (pool: Pool): Audit =>
  async ({ action, subject = '', ...actor }) => {
    try {
      await pool.query('select audit($1, $2, null, null, $3::jsonb)', [action, subject, JSON.stringify(actor)]);
    } catch (error) {
      getLog().error({ err: error, action, subject, ...actor }, 'the audit log cannot be written');
    }
  };
