import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouse } from '@tillstream/clickhouse/client';
import { chunked } from '@tillstream/clickhouse/seal/context';
import { z } from 'zod';
import { PRICE, type Regular, readRegulars } from './regulars.ts';
import { customerId, type Seed } from './seed.ts';

const PAUSE_MS = 250;
export const LATE_MS = 21 * 86_400_000;
/** A tenth of the sales are the first ones of somebody new, some of the late ones among them. */
const isNew = (n: number) => Math.floor(n / 7) % 10 === 3;

export interface Sale {
  n: number;
  branch: string;
  product: string;
  moment: number;
  recorded: number;
  status: 'recorded' | 'voided';
  /** Of one who has long been loyal, in the chain and in the branch; or of somebody new; or without a card. */
  customer: Regular | 'new' | undefined;
}

/** Sales that go on until {@link Selling.stop}, and others that are sold in between. */
export interface Selling {
  /** Sells one more, or voids it when its status says so. */
  sell(sale: Sale): Promise<void>;
  /** A sale that is made now; `ago` (ms) earlier by the clock of the sales. */
  newSale(ago?: number): Sale;
  /** The clock of the sales, ms since 1970. */
  now(): number;
  /** Ends it; gives how many sales came in. */
  stop(): Promise<number>;
}

/**
 * Lets so many sales a second into silver, four inserts a second, each with its customers as Postgres would tell them: snapshots and,
 * of new customers, their first purchase. The clock of the sales begins at `from` and goes as fast as ours. 0.5 % are told three weeks
 * late, and 1 % are voided some seconds later.
 */
export const sellMeanwhile = async (
  clickhouse: ClickHouse,
  seed: Seed,
  { from, rate, voidAfter = 2.5 }: { from: number; rate: number; voidAfter?: number },
): Promise<Selling> => {
  const regulars = await readRegulars(clickhouse, from - LATE_MS - 86_400_000);
  let next = await numberOfNext(clickhouse);
  const [first, began] = [next, performance.now()];
  const now = () => Math.floor(from + performance.now() - began);
  const newSale = (ago = 0): Sale => {
    const n = next++;
    const branch = `SMKT${String(1 + (n % seed.branches)).padStart(3, '0')}`;
    const known = regulars.get(branch) ?? [];
    const customer = isNew(n) ? 'new' : known[Math.floor(n / seed.branches) % Math.max(1, known.length)];
    const recorded = now();
    const product = `product-${(n * 7) % seed.products}`;
    return { n, branch, product, moment: recorded - ago, recorded, status: 'recorded', customer };
  };
  const tell = async (sales: readonly Sale[]) => {
    if (sales.length === 0) return;
    for (const { customer, status } of sales) {
      if (typeof customer === 'object') customer.count(status === 'recorded' ? 1 : -1);
    }
    for (const some of chunked(sales, AT_ONCE)) {
      for (const sql of [purchasesSql, customersSql, customerBranchesSql, milestonesSql]) {
        await clickhouse.command(sql(seed, some));
      }
    }
  };

  const toVoid: Sale[] = [];
  const stopping = new AbortController();
  const step = async () => {
    const due = (rate * (performance.now() - began)) / 1000 - sold;
    const sales = Array.from({ length: Math.floor(due) }, (_, index) =>
      newSale((sold + index) % 200 === 7 ? LATE_MS : 0),
    );
    sold += sales.length;
    toVoid.push(...sales.filter((_, index) => (sold + index) % 100 === 50));
    const voids: Sale[] = [];
    while ((toVoid[0]?.recorded ?? Number.POSITIVE_INFINITY) <= now() - voidAfter * 1000) {
      const sale = toVoid.shift();
      if (sale) voids.push({ ...sale, status: 'voided', recorded: now() });
    }
    await tell([...sales, ...voids]);
  };
  let sold = 0;
  const selling = (async () => {
    for (let due = began; !stopping.signal.aborted; due = Math.max(due + PAUSE_MS, performance.now())) {
      await sleep(Math.max(0, due - performance.now()), undefined, { signal: stopping.signal }).catch(() => undefined);
      await step();
    }
  })();
  // Who stops it hears of a failure; until then it must not end the process.
  selling.catch(() => undefined);
  return {
    sell: (sale) => tell([sale]),
    newSale,
    now,
    stop: async () => {
      stopping.abort();
      await selling;
      return next - first;
    },
  };
};

const ID = '00000000-0000-4000-8000-';

/** Sales by one statement, which has a greatest length. */
const AT_ONCE = 400;

/** A folder that is kept has the sales of the last time. */
const numberOfNext = async (clickhouse: ClickHouse): Promise<number> => {
  const sql = `SELECT toUInt32(max(if(startsWith(id, '${ID}'), toUInt64(right(id, 12)) + 1, 0))) AS next
    FROM (SELECT toString(purchase_id) AS id FROM silver.purchases WHERE slot >= (SELECT max(slot) - 86400 FROM silver.purchases))`;
  return (await clickhouse.row({ name: 'next', sql, row: z.object({ next: z.int() }) })).next;
};

const moment = (ms: number) => `toDateTime64(${ms / 1000}, 3, 'UTC')`;

/** SQL of rows (`sale.1`, `sale.2`, …), to stand after WITH. */
const rows = (tuples: readonly (readonly (string | number)[])[]) =>
  `arrayJoin([${tuples.map((values) => `tuple(${values.join(', ')})`).join(', ')}]) AS sale`;

const numberOf = ({ customers }: Seed, { n, customer }: Sale): number =>
  customer === undefined ? 0 : customer === 'new' ? customers + 1 + n : customer.number;

const purchasesSql = (seed: Seed, sales: readonly Sale[]): string => `
  INSERT INTO silver.purchases (slot, branch_id, purchase_id, version, status, kind, sold_at, recorded_at, currency, gross_minor, total_minor, units,
    product_ids, quantities, unit_prices_minor, line_totals_minor, customer_id, customer_number, cashier, channel, tender_types, tender_amounts_minor, arrived_at)
  WITH ${rows(
    sales.map((sale) => [
      ...[sale.n, `'${sale.branch}'`, `'${sale.product}'`, moment(sale.moment), moment(sale.recorded)],
      ...[`'${sale.status}'`, `toUInt32(${numberOf(seed, sale)})`],
    ]),
  )}
  SELECT toStartOfFifteenMinutes(toDateTime(sale.4, 'UTC')) AS slot, sale.2 AS branch_id,
    toUUID(concat('${ID}', leftPad(toString(sale.1), 12, '0'))) AS purchase_id,
    if(sale.6 = 'voided', 2, 1) * 65536 + 1 AS version, sale.6 AS status, 'sale' AS kind, sale.4 AS sold_at, sale.5 AS recorded_at, 'EUR' AS currency,
    toInt64(${PRICE}) AS gross_minor, gross_minor AS total_minor, 1 AS units, [sale.3] AS product_ids, [1] AS quantities,
    [${PRICE}] AS unit_prices_minor, [${PRICE}] AS line_totals_minor,
    if(sale.7 = 0, toUUID('00000000-0000-0000-0000-000000000000'), ${customerId('sale.7')}) AS customer_id, sale.7 AS customer_number,
    concat('Cashier ', toString((sipHash64(branch_id) + sale.1 % 6) % 60)) AS cashier, 'pos' AS channel,
    ['card'] AS tender_types, [${PRICE}] AS tender_amounts_minor, now64(3) AS arrived_at`;

/** Branch, number, revision, purchases, spent, loyal since, first, last. */
const snapshots = (seed: Seed, sales: readonly Sale[], of: 'chain' | 'branch') =>
  rows(
    sales
      .filter(({ customer }) => customer !== undefined)
      .map((sale) => {
        const { customer } = sale;
        const begun = [`'${sale.branch}'`, `toUInt32(${numberOf(seed, sale)})`];
        if (typeof customer === 'object') {
          const { revision, purchases, spent, first, loyal } = customer.snapshot(of);
          return [...begun, revision, purchases, spent, moment(loyal), moment(first), moment(sale.moment)];
        }
        const [count, at] = sale.status === 'recorded' ? [1, moment(sale.moment)] : [0, 'NULL'];
        return [...begun, revisionOfNew(sale), count, PRICE * count, 'NULL', at, at];
      }),
  );

const revisionOfNew = ({ status }: Sale): number => (status === 'recorded' ? 1 : 2);

const hasCustomers = (sales: readonly Sale[]) => sales.some(({ customer }) => customer !== undefined);
const NOTHING = 'SELECT 1';

const SNAPSHOT =
  'sale.3 AS revision, sale.4 AS purchases, sale.5 AS spent_minor, sale.6 AS loyal_since, sale.7 AS first_sold_at, sale.8 AS last_sold_at';

const customersSql = (seed: Seed, sales: readonly Sale[]): string =>
  hasCustomers(sales)
    ? `INSERT INTO silver.customers WITH ${snapshots(seed, sales, 'chain')} SELECT ${customerId('sale.2')} AS customer_id, sale.2 AS number, ${SNAPSHOT}`
    : NOTHING;

const customerBranchesSql = (seed: Seed, sales: readonly Sale[]): string =>
  hasCustomers(sales)
    ? `INSERT INTO silver.customer_branches WITH ${snapshots(seed, sales, 'branch')}
       SELECT sale.1 AS branch_id, ${customerId('sale.2')} AS customer_id, sale.2 AS number, ${SNAPSHOT}`
    : NOTHING;

/** Where a first purchase is; or was, when it was voided. Nobody else's milestone moves: they lie before all that is sold here. */
const milestonesSql = (seed: Seed, sales: readonly Sale[]): string => {
  const first = sales.filter(({ customer }) => customer === 'new');
  if (first.length === 0) return NOTHING;
  const told = first.flatMap((sale) =>
    ['', sale.branch].map((branch) => [
      ...[`'${branch}'`, moment(sale.moment), numberOf(seed, sale), sale.status === 'recorded' ? 'true' : 'false'],
      revisionOfNew(sale),
    ]),
  );
  return `INSERT INTO silver.customer_milestones WITH ${rows(told)}
    SELECT sale.1 AS branch_id, 'first' AS milestone, toStartOfFifteenMinutes(toDateTime(sale.2, 'UTC')) AS slot, sale.3 AS customer_number,
      sale.2 AS moment, sale.4 AS active, sale.5 AS revision, now64(3) AS arrived_at`;
};
