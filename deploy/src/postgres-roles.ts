import { readFile } from 'node:fs/promises';
import pg from 'pg';

const GRANTS = new URL('../sql/postgres-grants.sql', import.meta.url);

/**
 * Makes the login roles of the services and gives each what it needs and nothing else; what an earlier version granted
 * is taken back first. Runs after each migration, in one transaction, as the database's owner, who need be no superuser; a new
 * password counts from then on.
 *
 * @param passwords by role
 */
export const applyRoles = async (postgresUrl: string, passwords: ReadonlyMap<string, string>): Promise<void> => {
  const client = new pg.Client({ connectionString: postgresUrl, application_name: 'migrate' });
  await client.connect();
  try {
    await client.query('begin');
    const database = client.escapeIdentifier(client.database ?? '');
    await client.query(`revoke all on database ${database} from public`);
    for (const [role, password] of passwords) {
      const name = client.escapeIdentifier(role);
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
      if (rowCount === 0) await client.query(`create role ${name}`);
      await client.query(`alter role ${name} login password ${client.escapeLiteral(password)}`);
      await client.query(`revoke all on all tables in schema public from ${name}`);
      await client.query(`grant connect on database ${database} to ${name}`);
    }
    await client.query(await readFile(GRANTS, 'utf8'));
    await client.query('commit');
  } finally {
    await client.end();
  }
};
