/** `npm run forget -- CUSTOMER`: a customer's id is replaced by a random one everywhere; figures stay. */
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { customerIdOf, MAX_CUSTOMER_ID } from '@tillstream/schemas/customer-id';
import { clickhouseUrl, locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import { forgetCustomer } from './forget.ts';

const WAIT_MS = 60_000;

const [given = '', ...others] = process.argv.slice(2);
const customer = given.length <= MAX_CUSTOMER_ID ? customerIdOf(given) : null;
if (others.length > 0 || customer === null) {
  console.error('usage: npm run forget -- CUSTOMER   (the id as tills send it: a UUID or the number of a card)');
  process.exit(1);
}
const settings = settingsOrExit(locationSettings);
const db = connectPostgres(postgresUrl(settings), 'forget', 1);
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'forget');
try {
  const { known, messages } = await forgetCustomer(db, clickhouse, customer, WAIT_MS);
  if (!known && messages === 0) throw new Error('there is no such customer');
  console.log(`The customer is forgotten: ${messages} messages named the id. Figures are as they were.`);
  console.log(
    'The broker still has the events of the last days until it drops them (7 days); if its topic is read again, run this again.',
  );
} catch (error) {
  console.error(error instanceof Error && error.message ? error.message : 'a store is away');
  process.exitCode = 1;
} finally {
  await Promise.all([db.end(), clickhouse.close()]);
}
