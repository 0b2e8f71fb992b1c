import type { Database } from '../postgres/database.ts';

/** Who makes a change, for the audit log. */
export interface Actor {
  who: string;
  role: string;
  /** From where, where that is known. */
  address?: string;
  request_id?: string;
}

/** Runs one statement; what its triggers write into the audit log says who did it. `$1` is taken: parameters begin at `$2`. */
export const queryAs = (db: Database, actor: Actor | undefined, text: string, values: readonly unknown[]) =>
  db.query(
    `with actor as materialized (select set_config('tillstream.actor', $1, true)) ${text}`,
    // Empty: whoever is connected.
    [actor === undefined ? '' : JSON.stringify(actor), ...values],
  );
