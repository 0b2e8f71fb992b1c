/** Entry point of the sealer: `node --import tsx clickhouse/src/sealer-main.ts`; settings: CLICKHOUSE_URL, SHOP_TIMEZONE, BUSINESS_DAY_START. */
import { clickhouseUrl, locationSettings, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { connectClickHouse } from './client.ts';
import { runSealer } from './sealer.ts';

const settings = settingsOrExit({ ...locationSettings, ...shopSettings });
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'sealer');
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

await runSealer(clickhouse, {
  shop: settings,
  signal: stop.signal,
  sealed: ({ slots, days, months }, ms) =>
    console.log(`sealed ${slots} slots, ${days} days, ${months} months in ${ms.toFixed(0)} ms`),
  failed: (error) => console.error(`sealing failed: ${error instanceof Error ? error.message : String(error)}`),
});
await clickhouse.close();
