/** `npm run rebuild -- silver|gold`: makes a layer anew from the one below while the system runs. */
import { clickhouseUrl, locationSettings, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { connectClickHouse } from '../client.ts';
import { rebuildGold } from '../seal/rebuild.ts';
import { type Progress, rebuildSilver } from './rebuild.ts';

const [layer, ...others] = process.argv.slice(2);
if ((layer !== 'silver' && layer !== 'gold') || others.length > 0) {
  console.error('usage: npm run rebuild -- silver|gold');
  process.exit(1);
}
const settings = settingsOrExit({ ...locationSettings, ...shopSettings });
const clickhouse = connectClickHouse(clickhouseUrl(settings), 'rebuild');
const progress: Progress = (what, done, of) => console.log(`${what}: ${done} of ${of}`);
try {
  if (layer === 'silver') await rebuildSilver(clickhouse, settings, progress);
  else await rebuildGold(clickhouse, settings, progress);
  console.log(`${layer} is rebuilt`);
} catch (error) {
  console.error(`The rebuild stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await clickhouse.close();
}
