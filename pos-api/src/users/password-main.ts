import { passwordFault } from '@tillstream/schemas/credentials/password';
import { locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { connectPostgres, sqlState } from '../postgres/database.ts';
import { readSecrets } from './read-secret.ts';
import { setOwnerPassword } from './users.ts';

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
  TILLSTREAM_DATA: locationSettings.TILLSTREAM_DATA,
});

/** One line for what an operator can do something about. */
const explain = (error: unknown): string => {
  if (sqlState(error) === '42P01') return 'this Postgres has no such table yet: npm start brings it there';
  return error instanceof Error ? error.message || String(error) : String(error);
};

const db = connectPostgres(postgresUrl(settings), 'password', 1);
try {
  if (process.argv.length > 2)
    throw new Error('the password is asked for, or piped in: it does not stand in the command');
  const { password = '' } = await readSecrets([
    { name: 'password', what: 'password of the owner', fault: passwordFault },
  ]);
  const replaced = await setOwnerPassword(db, password);
  console.log(
    replaced ? 'The password is changed. Whoever was logged in has to log in again.' : 'The password is set.',
  );
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
} finally {
  await db.end();
}
