import { checkAnalystFormat, checkAnalystQuery, checkReadsOnly, withOwnName } from './analyst/query.ts';
import { checkAnalystSetting } from './analyst/settings.ts';
import type { Run } from './engine.ts';
import type { Attachment } from './http/attachments.ts';
import { ClickHouseError } from './http/errors.ts';
import type { QueryRequest } from './http/request.ts';
import { inspect, quote, type Statement } from './sql.ts';
import { canonicalQuery, type User } from './users.ts';

/** A statement without the data of an INSERT: the engine's own default bound (`max_query_size`). */
const MAX_STATEMENT_BYTES = 256 * 1024;
/** What the engine gets beyond a query's own limit to end it by itself. */
const GRACE_MS = 1_500;

/** One query on its way. */
export interface Job {
  user: User;
  request: QueryRequest;
  sql: Buffer;
  statement: Statement;
  /** Tables that came with it. */
  tables: readonly Attachment[];
  /** A comment before everything the engine gets: it makes up its own query ids, and this is how a query is found again. */
  tag: string;
}

/** Looks at a statement, and of one with much data behind it at its head only. */
export function look(sql: Buffer): Statement {
  const isLong = sql.length > MAX_STATEMENT_BYTES;
  const statement = inspect(sql.toString('latin1', 0, MAX_STATEMENT_BYTES), isLong);
  if (isLong && !statement.insert) {
    const text = `A statement is at most ${MAX_STATEMENT_BYTES} bytes; only the data of an INSERT may be more`;
    throw ClickHouseError.of(223, 'QUERY_IS_TOO_LARGE', text);
  }
  return statement;
}

/** What can be refused before a place to run is waited for. */
export function checkHead({ user, request, statement }: Job): void {
  const { settings } = request;
  const format = statement.format ?? request.format;
  if (!/^\w+$/.test(format)) throw ClickHouseError.of(73, 'UNKNOWN_FORMAT', `Unknown format ${format}`);
  if (user.readOnly) {
    for (const [name, value] of settings) checkAnalystSetting(name, value);
    checkAnalystFormat(format);
    if (/^system$/i.test(request.database)) {
      throw ClickHouseError.of(497, 'ACCESS_DENIED', 'analyst: system is no database to be in');
    }
  }
  // It says what holds anyway, or what may not be.
  if ((user.readOnly || request.readOnly) && ['1', '2'].includes(settings.get('readonly') ?? '')) {
    settings.delete('readonly');
  }
  const writes = ['readonly', 'output_format_schema'].find((name) => settings.has(name));
  if (request.readOnly && writes) {
    throw ClickHouseError.of(164, 'READONLY', `Cannot modify '${writes}' setting in readonly mode`);
  }
}

/**
 * Gives the fresh session its user, database, settings and parameters, in an order in which nobody gets out again, and
 * checks what only reads.
 */
export async function prepare(run: Run, job: Job): Promise<void> {
  const { user, request } = job;
  let fromClauses: string[] = [];
  let { seal } = user;
  if (user.readOnly || request.readOnly) {
    const canonical = await run.query(job.tag + canonicalQuery(job.sql.toString()), 'TSVRaw');
    const sql = Buffer.from(canonical.bytes).toString().trimEnd();
    if (user.readOnly) {
      fromClauses = checkAnalystQuery(sql, request.params);
      // Clients look there for what they may set. With no SETTINGS of its own such a query changes nothing either way.
      if (fromClauses.length === 0 && /\bsystem\.settings\b/.test(sql)) seal = ['SET readonly = 2'];
    }
    if (!user.readOnly) checkReadsOnly(sql);
    job.sql = Buffer.from(user.readOnly ? withOwnName(sql, user.name) : sql);
    job.statement = inspect(job.sql.toString('latin1'));
    if (user.readOnly) checkAnalystFormat(job.statement.format ?? request.format);
  }
  const statements = [...user.prelude];
  // A fresh session is in `default` already, and an analyst may not look at it.
  if (request.database && request.database !== 'default') {
    statements.push(`USE \`${request.database.replace(/[\\`]/g, '\\$&')}\``);
  }
  const changes = [
    ...[...request.settings].map(([key, value]) => `${key} = ${quote(value)}`),
    ...[...request.params].map(([key, value]) => `param_${key} = ${quote(value)}`),
  ];
  if (changes.length) statements.push(`SET ${changes.join(', ')}`);
  if (fromClauses.length) statements.push(`SET ${fromClauses.join(', ')}`);
  statements.push(...seal);
  if (request.readOnly && !user.readOnly) statements.push('SET readonly = 2');
  if (statements.length) await run.query(statements.join(';\n'), 'Null');
}

/** How long a query may take: what was asked for or its user's bound, and a moment for the engine to end it itself. */
export function limitOf(user: User, request: QueryRequest): number | undefined {
  const asked = Number(request.settings.get('max_execution_time') ?? 0);
  const seconds = asked > 0 ? Math.min(asked, user.maxSeconds ?? asked) : user.maxSeconds;
  return seconds === undefined ? undefined : seconds * 1_000 + GRACE_MS;
}
