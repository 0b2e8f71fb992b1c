import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { afterAll, beforeAll } from 'vitest';
import { type OwnEngine, startOwnEngine } from '../support/own-engine.ts';

/** A shop whose days are neither those of UTC nor begin at midnight. */
export const SHOP = { SHOP_TIMEZONE: 'Europe/Berlin', BUSINESS_DAY_START: '04:00' };

/** An engine for the tests of one file, with all tables of {@link SHOP}: to be asked for in a test. */
export const engineOfThisFile = (): (() => OwnEngine) => {
  let engine: OwnEngine | undefined;
  beforeAll(async () => {
    engine = await startOwnEngine('property');
    await migrateClickHouse(engine.clickhouse, undefined, SHOP);
    // Where views that fail on purpose would write.
    await engine.clickhouse.command('CREATE TABLE silver.sink (x UInt8) ENGINE = Null');
  });
  afterAll(() => engine?.stop());
  return () => {
    if (engine === undefined) throw new Error('the engine has not been started yet');
    return engine;
  };
};
