import type { ClickHouse } from '@tillstream/clickhouse/client';

/** A connection over which a sealer dies at its nth statement: what it has done until then stays. */
export const dying = (clickhouse: ClickHouse, nth: number): ClickHouse => {
  let statements = 0;
  const living = <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (async (...args: Args) => {
      statements += 1;
      if (statements > nth) throw new Error('the sealer died');
      return work(...args);
    }) as typeof work;
  return {
    ...clickhouse,
    rows: living(clickhouse.rows) as ClickHouse['rows'],
    row: living(clickhouse.row) as ClickHouse['row'],
    insert: living(clickhouse.insert),
    insertSelect: living(clickhouse.insertSelect),
  };
};

/** A connection over which the statement `name` of a sealer reads, and writes what it has read only when `written` lets it. */
export const slow = (clickhouse: ClickHouse, name: string, written: Promise<void>): ClickHouse => ({
  ...clickhouse,
  insertSelect: async (insert) => {
    if (insert.name !== name) return clickhouse.insertSelect(insert);
    await clickhouse.command('CREATE TABLE default.read AS sealed.spans ENGINE = Memory');
    await clickhouse.insertSelect({ ...insert, table: insert.table.replace('sealed.spans', 'default.read') });
    await written;
    await clickhouse.command('INSERT INTO sealed.spans SELECT * FROM default.read');
    await clickhouse.command('DROP TABLE default.read SYNC');
    return 0;
  },
});

/** A connection over which the sealer's check of fingerprints is switched off: whatever is sealed once is believed for ever. */
export const neverLookingAgain = (clickhouse: ClickHouse): ClickHouse => {
  const unchecked = (sql: string) =>
    sql.replace(
      'HAVING sum(rows) != sum(sealed_rows) OR sum(hash) != sum(sealed_hash)',
      'HAVING sum(sealed_rows) = 0 AND sum(rows) > 0',
    );
  return { ...clickhouse, rows: (query) => clickhouse.rows({ ...query, sql: unchecked(query.sql) }) };
};
