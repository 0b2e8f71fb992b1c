import { passwordFault } from '@tillstream/schemas/credentials/password';
import { locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { connectPostgres, sqlState } from '../postgres/database.ts';
import { setOwnerPassword } from './owner-password.ts';
import { askSecret, firstLine } from './read-secret.ts';

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
  TILLSTREAM_DATA: locationSettings.TILLSTREAM_DATA,
});

/** From the terminal, unseen and twice; or the first line of what is piped in. Never from the command line, which others see. */
const readPassword = async (): Promise<string> => {
  if (process.argv.length > 2)
    throw new Error('the password is asked for, or piped in: it does not stand in the command');
  if (!process.stdin.isTTY) return firstLine(process.stdin);
  const password = await askSecret('New password of the owner: ');
  const fault = passwordFault(password);
  if (fault !== undefined) throw new Error(fault);
  if ((await askSecret('Once more: ')) !== password)
    throw new Error('the two are not the same: the password is as it was');
  return password;
};

/** One line for what an operator can do something about. */
const explain = (error: unknown): string => {
  if (sqlState(error) === '42P01') return 'this Postgres has no such table yet: npm start brings it there';
  return error instanceof Error ? error.message || String(error) : String(error);
};

const db = connectPostgres(postgresUrl(settings), 'password', 1);
try {
  const password = await readPassword();
  const fault = passwordFault(password);
  if (fault !== undefined) throw new Error(fault);
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
