import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '@tillstream/schemas/api';
import { z } from 'zod';
import { sqlState } from '../postgres/database.ts';
import { connectAsOperator, explainToOperator, minute } from '../postgres/operator.ts';
import { createKey, keyHistory, listKeys, revokeKey } from './api-keys.ts';

const USAGE = `npm run keys -- create --name "till 7" [--branch SMKT001] [--scopes post,void,read,admin] [--expires 2027-01-31|90d]
npm run keys -- list
npm run keys -- history
npm run keys -- revoke ID`;

const db = connectAsOperator('keys');

/** When a key ends: the end of a day (UTC), an instant, or so many days from now. */
const expiryOf = (text: string): Date => {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const end = days === undefined ? instant(text) : new Date(Date.now() + Number(days) * DAY_MS);
  if (end === undefined)
    throw new Error(`--expires ${text}: a date (2027-01-31), an instant (2027-01-31T18:00:00Z) or days (90d)`);
  if (end.getTime() <= Date.now()) throw new Error(`--expires ${text}: that is over already`);
  return end;
};
const DAY_MS = 86_400_000;
const instant = (text: string): Date | undefined => {
  if (z.iso.date().safeParse(text).success) return new Date(Date.parse(text) + DAY_MS);
  return z.iso.datetime({ offset: true }).safeParse(text).success ? new Date(text) : undefined;
};

const create = async (
  name: string | undefined,
  branch: string | undefined,
  scopes: string,
  expires?: string,
): Promise<void> => {
  if (!name) throw new Error(`--name is missing\n${USAGE}`);
  const wanted = scopes.split(',').map((scope) => scope.trim());
  const unknown = wanted.filter((scope) => !SCOPES.some((known) => known === scope));
  if (unknown.length > 0) throw new Error(`unknown scope: ${unknown.join(', ')}; there are ${SCOPES.join(', ')}`);
  if (branch !== undefined && wanted.includes('admin')) {
    throw new Error('a key that may change the catalog belongs to no branch: leave --branch or admin out');
  }
  const expires_at = expires === undefined ? undefined : expiryOf(expires);
  const { key_id, key } = await createKey(db, {
    name,
    branch_id: branch ?? null,
    scopes: wanted as Scope[],
    expires_at,
  });
  console.log(`${key}\n`);
  console.log(`Key ${key_id} of "${name}", ${branch ?? 'all branches'}, ${wanted.join(', ')}.`);
  console.log(
    expires_at === undefined ? 'It has no end until it is revoked.' : `It ends at ${expires_at.toISOString()}.`,
  );
  console.log('It is shown this once. The tills may use it at once; their old one goes on until it is revoked.');
};

const list = async (): Promise<void> => {
  const keys = await listKeys(db);
  console.table(
    keys.map((key) => ({
      id: key.key_id,
      name: key.name,
      branch: key.branch_id ?? 'all',
      scopes: key.scopes.join(','),
      created: minute(key.created_at),
      used: minute(key.last_used_at),
      expires: minute(key.expires_at),
      revoked: minute(key.revoked_at),
    })),
  );
};

const history = async (): Promise<void> => {
  console.table(
    (await keyHistory(db)).map((each) => ({
      at: minute(each.at),
      event: each.event,
      id: each.key_id,
      name: each.name,
      branch: each.branch_id ?? 'all',
      scopes: each.scopes.join(','),
      expires: minute(each.expires_at),
      role: each.role ?? '',
      by: each.application ?? '',
    })),
  );
};

const revoke = async (id: string | undefined): Promise<void> => {
  if (id === undefined) throw new Error(`which one?\n${USAGE}`);
  if (!(await revokeKey(db, id))) throw new Error(`there is no valid key ${id}`);
  console.log(`Key ${id} is revoked: it is refused within 2 seconds.`);
};

/** One line for what an operator can do something about. */
const explain = (error: unknown): string => {
  switch (sqlState(error)) {
    case '23503':
      return 'there is no such branch';
    case '23514':
      return 'the name must be 1 to 100 characters';
    default:
      return explainToOperator(error);
  }
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      branch: { type: 'string' },
      scopes: { type: 'string' },
      expires: { type: 'string' },
    },
  });
  const [command, id, ...others] = positionals;
  // What a command would pass over is not taken silently: somebody meant something by it.
  const passedOver = others.length > 0 || (command === 'create' ? id !== undefined : Object.keys(values).length > 0);
  if (passedOver || (command !== 'revoke' && id !== undefined)) throw new Error(USAGE);
  if (command === 'create') await create(values.name, values.branch, values.scopes ?? 'post,read', values.expires);
  else if (command === 'list') await list();
  else if (command === 'history') await history();
  else if (command === 'revoke') await revoke(id);
  else throw new Error(USAGE);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
} finally {
  await db.end();
}
