import { locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { connectPostgres } from '../../postgres/database.ts';
import { listDeadLetters, retryDeadLetters } from './dead-letters.ts';

const USAGE = 'usage: npm run dead-letters -- list | retry [ID…]   (without ids: all)';
const MOST_LISTED = 1_000;

const settings = settingsOrExit({
  POSTGRES_URL: locationSettings.POSTGRES_URL,
  POSTGRES_PORT: locationSettings.POSTGRES_PORT,
  TILLSTREAM_DATA: locationSettings.TILLSTREAM_DATA,
});
const [command, ...ids] = process.argv.slice(2);
const strange = ids.find((id) => !/^\d{1,18}$/.test(id));
if ((command !== 'list' && command !== 'retry') || (command === 'list' && ids.length > 0) || strange !== undefined) {
  console.error(strange === undefined ? USAGE : `${strange} is no id of a dead letter. ${USAGE}`);
  process.exit(1);
}

const db = connectPostgres(postgresUrl(settings), 'dead-letters', 1);
try {
  if (command === 'retry') {
    console.log(`${await retryDeadLetters(db, ids.length > 0 ? ids : 'all')} put back into the outbox`);
  } else {
    const letters = await listDeadLetters(db, MOST_LISTED);
    for (const { id, set_aside_at, key, bytes, reason } of letters) {
      console.log(`${id}  ${set_aside_at.toISOString()}  ${key}  ${bytes} bytes  ${reason}`);
    }
    console.log(
      letters.length === MOST_LISTED ? `the oldest ${MOST_LISTED}; there may be more` : `${letters.length} in all`,
    );
  }
} catch (error) {
  console.error(`Postgres does not answer as expected: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await db.end();
}
