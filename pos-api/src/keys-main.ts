import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '@tillstream/schemas/api';
import { locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { createKey, listKeys, revokeKey } from './api-keys.ts';
import { connectPostgres, sqlState } from './database.ts';

const USAGE = `npm run keys -- create --name "till 7" [--branch SMKT001] [--scopes post,read,admin]
npm run keys -- list
npm run keys -- revoke ID`;

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
});
const db = connectPostgres(postgresUrl(settings), 'keys', 1);

const create = async (name: string | undefined, branch: string | undefined, scopes: string): Promise<void> => {
  if (!name) throw new Error(`--name is missing\n${USAGE}`);
  const wanted = scopes.split(',').map((scope) => scope.trim());
  const unknown = wanted.filter((scope) => !SCOPES.some((known) => known === scope));
  if (unknown.length > 0) throw new Error(`unknown scope: ${unknown.join(', ')}; there are ${SCOPES.join(', ')}`);
  if (branch !== undefined && wanted.includes('admin')) {
    throw new Error('a key that may change the catalog belongs to no branch: leave --branch or admin out');
  }
  const { key_id, key } = await createKey(db, { name, branch_id: branch ?? null, scopes: wanted as Scope[] });
  console.log(`${key}\n`);
  console.log(`Key ${key_id} of "${name}", ${branch ?? 'all branches'}, ${wanted.join(', ')}.`);
  console.log('It is shown this once. The tills may use it at once; their old one goes on until it is revoked.');
};

const list = async (): Promise<void> => {
  const day = (moment: Date | null) => moment?.toISOString().slice(0, 16) ?? '';
  const keys = await listKeys(db);
  console.table(
    keys.map((key) => ({
      id: key.key_id,
      name: key.name,
      branch: key.branch_id ?? 'all',
      scopes: key.scopes.join(','),
      created: day(key.created_at),
      used: day(key.last_used_at),
      revoked: day(key.revoked_at),
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
    case '42P01':
      return 'this Postgres has no Tillstream in it yet: npm start brings it there';
    default:
      return error instanceof Error ? error.message || String(error) : String(error);
  }
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: 'string' }, branch: { type: 'string' }, scopes: { type: 'string' } },
  });
  const [command, id, ...others] = positionals;
  // What a command would pass over is not taken silently: somebody meant something by it.
  const passedOver = others.length > 0 || (command === 'create' ? id !== undefined : Object.keys(values).length > 0);
  if (passedOver || (command === 'list' && id !== undefined)) throw new Error(USAGE);
  if (command === 'create') await create(values.name, values.branch, values.scopes ?? 'post,read');
  else if (command === 'list') await list();
  else if (command === 'revoke') await revoke(id);
  else throw new Error(USAGE);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
} finally {
  await db.end();
}
