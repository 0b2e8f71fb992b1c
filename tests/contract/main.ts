import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { posApiPart } from '@tillstream/embedded/parts';
import { createKey } from '@tillstream/pos-api/keys/api-keys';
import { SCOPES } from '@tillstream/schemas/api';
import { withWorkshop } from '../bench/write/workshop.ts';
import { installTester } from './install.ts';

const CONFIGURATION = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
const NO_LIMIT = '1000000';
/** The API gives a statement 0.9 s. A machine whose disk is busy may take longer to write, which is not what is tested here. */
const NO_WAITING_FOR_DISKS = { fsync: 'off', full_page_writes: 'off' };

/**
 * `npm run test:contract [-- OPTION…]`: Schemathesis with all its checks against `/openapi.json` of an API of its own, keys
 * on, with a real Postgres. Exits as Schemathesis does; options are passed on to it (`--seed N` repeats a run).
 */
const main = async (): Promise<number> => {
  const state = path.resolve(process.env.TILLSTREAM_DATA || '.tillstream', 'contract');
  mkdirSync(state, { recursive: true });
  const tester = installTester(state);
  let code = 1;
  await withWorkshop(
    { broker: false, postgresSettings: NO_WAITING_FOR_DISKS },
    async ({ addresses, db, start, logOf }) => {
      const { key } = await createKey(db, { name: 'contract', branch_id: null, scopes: SCOPES });
      const api = posApiPart(addresses);
      const env = { ...api.command.env, POS_API_AUTH: 'on', POS_API_RATE_LIMIT: NO_LIMIT };
      await start({ ...api, command: { ...api.command, env } });
      const document = `http://127.0.0.1:${addresses.posApiPort}/openapi.json`;
      const child = spawn(
        tester,
        ['--config-file', CONFIGURATION, 'run', document, ...process.argv.slice(2)],
        // What it keeps between runs belongs to the state folder.
        { cwd: state, stdio: 'inherit', env: { ...process.env, CONTRACT_API_KEY: key, PYTHONUNBUFFERED: '1' } },
      );
      const [exitCode]: (number | null)[] = await once(child, 'exit');
      code = exitCode ?? 1;
      const { rows } = await db.query('select count(*)::int as n from purchases');
      console.log(`${rows[0]?.n} purchases were recorded by it`);
      for (const line of failedRequests(logOf(api.name))) console.log(line);
    },
  );
  return code;
};

/** Why requests were answered with 5xx, from the API's log. */
const failedRequests = (log: string): string[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"request failed"'));

process.exit(
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }),
);
