import { timingSafeEqual } from 'node:crypto';
import { ANALYST_LIMITS } from './analyst/settings.ts';
import { ClickHouseError } from './http/errors.ts';
import { quote } from './sql.ts';

/** What a user may do beyond what the engine's role says. */
export interface User {
  name: string;
  /** Statements before each of its queries: they narrow the fresh session to this user. */
  prelude: string[];
  /** After the query's own settings: from here on the session cannot be widened again. */
  seal: string[];
  /** Reads only, as far as analyst/ let it. */
  readOnly: boolean;
  /** The largest statement, or statement with data, that it may send. */
  maxBodyBytes: number;
  /** Seconds that its query may take if it asks for no less. */
  maxSeconds?: number;
  /** Counts one query; throws a ClickHouseError 201 when the user had enough in this minute. */
  count(): void;
}

/** Databases an analyst may read. The engine enforces it: they are the grants of the role (see config.ts). */
export const ANALYST_DATABASES = ['gold', 'sealed', 'silver', 'information_schema', 'INFORMATION_SCHEMA'];

const ANALYST_QUERIES_PER_MINUTE = 600;
/** What a server reads of a statement by default (`max_query_size`). */
const ANALYST_BODY_BYTES = 128 * 1024;
const MAX_BODY_BYTES = 1024 ** 3;

const DEFAULT: User = {
  name: 'default',
  prelude: [],
  seal: [],
  readOnly: false,
  maxBodyBytes: MAX_BODY_BYTES,
  count: () => {},
};
const ANALYST: User = {
  name: 'analyst',
  // The profile brings the constraints, but not its values: those have to be set one by one.
  prelude: [
    'SET ROLE analyst',
    "SET profile = 'analyst'",
    `SET ${Object.entries(ANALYST_LIMITS)
      .map(([key, value]) => `${key} = ${value}`)
      .join(', ')}`,
  ],
  // What may be set is set by now; SETTINGS clauses repeat it, and the engine refuses everything else.
  seal: ['SET readonly = 1'],
  readOnly: true,
  maxBodyBytes: ANALYST_BODY_BYTES,
  maxSeconds: ANALYST_LIMITS.max_execution_time,
  count: perMinute(ANALYST_QUERIES_PER_MINUTE, Date.now),
};

/**
 * The user of a request: `default` with its password, which is our parts and whoever may read the state folder, or
 * `analyst`, who has none and may say any, as a server lets a user do that is `IDENTIFIED WITH no_password`. Throws a ClickHouseError 516 for anybody else.
 */
export function authenticate(name: string, password: string, defaultPassword: string): User {
  if (name === 'analyst') return ANALYST;
  if (name === 'default' && defaultPassword !== '' && isSame(password, defaultPassword)) return DEFAULT;
  const text = `${name}: Authentication failed: password is incorrect, or there is no user with such name`;
  throw ClickHouseError.of(516, 'AUTHENTICATION_FAILED', text);
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The statement that lets the engine parse `sql` and write it out again: one statement, no comments, no surprises. */
export function canonicalQuery(sql: string): string {
  return `SELECT formatQuerySingleLine(${quote(sql)})`;
}

/** A counter that lets `limit` calls through per minute of `now()` (ms) and throws a ClickHouseError 201 at the next. */
export function perMinute(limit: number, now: () => number): () => void {
  let minute = 0;
  let used = 0;
  return () => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) [minute, used] = [current, 0];
    if (++used > limit) {
      throw ClickHouseError.of(201, 'QUOTA_EXCEEDED', `Quota has been exceeded: ${limit} queries per minute`);
    }
  };
}
