import type { ClickHouse } from '@tillstream/clickhouse/client';
import { PURCHASES_TOPIC } from '@tillstream/schemas/topics';
import { z } from 'zod';

/**
 * Sends the event of every row of silver.purchases once more, in the order of the sales and in blocks of about so many, by
 * the way of the queue: through bronze, its checks and the door. Gives how many events.
 */
export const replayOfSilver = async (clickhouse: ClickHouse, block: number): Promise<number> => {
  const [{ rows, first, last } = { rows: 0, first: 0, last: 0 }] = await clickhouse.rows({
    name: 'rows',
    sql: 'SELECT count() AS rows, toUnixTimestamp(min(slot)) AS first, toUnixTimestamp(max(slot)) AS last FROM silver.purchases',
    row: z.object({ rows: z.int(), first: z.int(), last: z.int() }),
  });
  const step = Math.max(900, Math.floor(((last - first) * block) / rows / 900) * 900);
  for (let from = first; from <= last; from += step) {
    await clickhouse.insertSelect({
      name: 'replay',
      table: 'bronze.inbox',
      select: `${EVENTS} ${BLOCKS}`,
      params: { from, to: from + step },
    });
  }
  return rows;
};

/** One block, as the queue hands it over. */
const BLOCKS =
  'SETTINGS max_threads = 1, max_block_size = 1000000, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0, output_format_json_quote_64bit_integers = 0';

const iso = (column: string) => `concat(replaceOne(toString(${column}), ' ', 'T'), 'Z')`;

const EVENTS = `
  SELECT
    concat('{"specversion":"1.0","id":"', id, '/', toString(event_version), '","source":"/pos-api","subject":"', id, '","time":"', ${iso('recorded_at')},
      '","datacontenttype":"application/json","type":"pos.purchase.', toString(status), '.v1","data":{"purchase_id":"', id, '","version":', toString(event_version),
      ',"status":"', toString(status), '","branch_id":"', branch_id, '","sold_at":"', ${iso('sold_at')}, '","recorded_at":"', ${iso('recorded_at')},
      '","currency":"', currency, '","total_minor":', toString(total_minor),
      ',"items":[', arrayStringConcat(arrayMap((product, quantity, price) -> concat('{"product_id":"', product, '","quantity":', toString(quantity), ',"unit_price_minor":', toString(price), '}'),
        product_ids, quantities, unit_prices_minor), ','),
      '],"customer":', customer, '}}') AS payload,
    '${PURCHASES_TOPIC}' AS topic, toUInt32(0) AS partition, rowNumberInAllBlocks() AS offset, id AS key, recorded_at AS produced_at
  FROM (
    SELECT *, toString(purchase_id) AS id, intDiv(version, 65536) AS event_version,
      concat('"revision":1,"purchases":3,"spent_minor":1000,"loyal_since":"', ${iso('sold_at')}, '","first_sold_at":"', ${iso('sold_at')}, '","last_sold_at":"', ${iso('sold_at')}, '","first_sold_before":null,"loyal_before":null') AS totals,
      if(customer_number = 0, 'null', concat('{"customer_id":"', toString(customer_id), '","number":', toString(customer_number), ',', totals, ',"branch":{', totals, '}}')) AS customer
    FROM silver.purchases WHERE slot >= {from:UInt32} AND slot < {to:UInt32}
  )`;
