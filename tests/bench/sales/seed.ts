import type { ClickHouse } from '@tillstream/clickhouse/client';

/** What is generated: a chain of that many branches over three years up to `until`. */
export interface Seed {
  purchases: number;
  branches: number;
  customers: number;
  products: number;
  /** Where the three years end, ms since 1970. */
  until: number;
}

export const YEARS = 3;

/** SQL that is true for a purchase `n` that was voided. */
export const IS_VOID = "sipHash64(n, 'void') % 100 = 0";

/** SQL for the name of a branch by its place (0, 1, …). */
export const branchName = (place: string): string => `concat('SMKT', leftPad(toString(1 + ${place}), 3, '0'))`;

/** SQL for the id of a customer with a number (UInt32). */
export const customerId = (number: string): string =>
  `reinterpretAsUUID(concat(reinterpretAsString(sipHash64(${number})), 'customer'))`;

/** SQL of what is known of the purchase `n`, each by its name, to stand after WITH. */
export const purchaseSql = ({ purchases, branches, customers, products, until }: Seed): string => `
    number AS n,
    fromUnixTimestamp64Milli(toInt64(${until - YEARS * 365 * 86_400_000} + intDiv(n * ${YEARS * 365 * 86_400}, ${purchases}) * 1000), 'UTC') AS moment,
    ${branchName(`sipHash64(n, 'branch') % ${branches}`)} AS branch,
    toUInt32(if(sipHash64(n, 'card') % 10 = 0, 0, 1 + sipHash64(n, 'customer') % ${customers})) AS customer,
    ${IS_VOID} AS is_void,
    concat('Cashier ', toString((sipHash64(branch) + sipHash64(n, 'cashier') % 6) % 60)) AS cashier_name,
    if(sipHash64(n, 'channel') % 20 = 0, 'web', 'pos') AS sold_by,
    multiIf(sipHash64(n, 'tender') % 20 < 12, ['card'], sipHash64(n, 'tender') % 20 < 19, ['cash'], ['card', 'cash']) AS paid_by,
    1 + sipHash64(n, 'items') % 4 AS size,
    arrayMap(i -> (sipHash64(n, 'first') + i * 7) % ${products}, range(size)) AS picked,
    arrayMap(p -> toInt64(100 + p * 17), picked) AS prices,
    if(length(paid_by) = 1, [arraySum(prices)], [arraySum(prices) - 50, 50]) AS paid`;

/** Runs an insert in large blocks. It must take less than a minute, as long as a request may. */
export const insert = (clickhouse: ClickHouse, sql: string): Promise<void> =>
  clickhouse.command(
    `${sql} SETTINGS max_insert_threads = 1, max_threads = 2, max_insert_block_size = 2097152, min_insert_block_size_rows = 2097152, min_insert_block_size_bytes = 0`,
  );
