import { ClickHouseError } from './errors.ts';
import { inspect, namesIn, quote } from './sql.ts';

/** What a user may do beyond what the engine's role says. */
export interface User {
  name: string;
  /** Statements before each of its queries: they narrow the fresh session to this user. */
  prelude: string[];
  /** After the query's own settings: from here on the session cannot be widened again. */
  seal: string[];
  readOnly: boolean;
  /** Counts one query; throws a ClickHouseError 201 when the user had enough in this minute. */
  count(): void;
}

/** Databases an analyst may read. The engine enforces it: they are the grants of the role (see config.ts). */
export const ANALYST_DATABASES = ['gold', 'silver', 'system', 'information_schema', 'INFORMATION_SCHEMA'];

/** Upper bounds of an analyst's query, in the engine's units (seconds, bytes, rows). A query may ask for less. */
export const ANALYST_LIMITS = {
  max_execution_time: 30,
  max_memory_usage: 2_000_000_000,
  max_result_rows: 1_000_000,
  // One core for analysts: the other stays free for sales and the dashboard.
  max_threads: 1,
};
const ANALYST_QUERIES_PER_MINUTE = 600;

const ANALYST_VERBS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);
// Scalar functions which read local files: the embedded engine grants them to everyone.
const FORBIDDEN_NAMES = new Set(['file', 'catboostevaluate']);
// Settings that would undo the narrowing before it is sealed.
const FORBIDDEN_SETTINGS = new Set(['profile', 'readonly', 'role']);

const USERS = new Map<string, User>([
  ['default', { name: 'default', prelude: [], seal: [], readOnly: false, count: () => {} }],
  [
    'analyst',
    {
      name: 'analyst',
      // The profile brings the constraints, but not its values: those have to be set one by one.
      prelude: [
        'SET ROLE analyst',
        "SET profile = 'analyst'",
        `SET ${Object.entries(ANALYST_LIMITS)
          .map(([key, value]) => `${key} = ${value}`)
          .join(', ')}`,
      ],
      seal: ['SET readonly = 1'],
      readOnly: true,
      count: perMinute(ANALYST_QUERIES_PER_MINUTE, Date.now),
    },
  ],
]);

/** The user of a request. Throws a ClickHouseError 516 for an unknown one; locally no user has a password. */
export function authenticate(name: string, password: string): User {
  const user = USERS.get(name);
  if (user && password === '') return user;
  const text = `${name}: Authentication failed: password is incorrect, or there is no user with such name`;
  throw ClickHouseError.of(516, 'AUTHENTICATION_FAILED', text);
}

/** Refuses (ClickHouseError 164) settings and parameters through which a read-only user could get out. */
export function checkSettings(user: User, settings: ReadonlyMap<string, string>, params: ReadonlyMap<string, string>) {
  if (!user.readOnly) return;
  for (const key of settings.keys()) {
    if (FORBIDDEN_SETTINGS.has(key)) throw readonly(`Cannot modify '${key}' setting in readonly mode`);
  }
  // A parameter of type Identifier may name a function.
  for (const value of params.values()) {
    if (FORBIDDEN_NAMES.has(value.replace(/\W/g, '').toLowerCase())) throw denied(`the name '${value}'`);
  }
}

/** The statement that lets the engine parse `sql` and write it out again: one statement, no comments, no surprises. */
export function canonicalQuery(sql: string): string {
  return `SELECT formatQuerySingleLine(${quote(sql)})`;
}

/**
 * Refuses (ClickHouseError 497) what roles and readonly do not: other kinds of statements (KILL QUERY works in read-only
 * mode, and all sessions are one user to the engine), reading and writing local files.
 * `sql` must be what the engine made of it (see `canonicalQuery`), so that no trick of spelling passes.
 */
export function checkReadOnlyQuery(sql: string): void {
  const { verb } = inspect(sql);
  if (!ANALYST_VERBS.has(verb)) throw denied(verb);
  const names = namesIn(sql);
  const forbidden = names.find((name) => FORBIDDEN_NAMES.has(name));
  if (forbidden) throw denied(`the name '${forbidden}'`);
  if (names.some((name, i) => name === 'into' && names[i + 1] === 'outfile')) throw denied('INTO OUTFILE');
  // readonly = 1 refuses every setting in a SETTINGS clause but this one.
  if (names.some((name, i) => name === 'profile' && names.indexOf('settings') < i && names.includes('settings'))) {
    throw readonly("Cannot modify 'profile' setting in readonly mode");
  }
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

function denied(what: string): ClickHouseError {
  return ClickHouseError.of(497, 'ACCESS_DENIED', `analyst: Not enough privileges to use ${what}`);
}

function readonly(text: string): ClickHouseError {
  return ClickHouseError.of(164, 'READONLY', text);
}
