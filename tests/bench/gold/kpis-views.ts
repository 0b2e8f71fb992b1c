/*
 * The questions as an analyst asks them, by the comments on the views of gold. Days are dates of the shop, e.g. 2025-11-19.
 */

const SUMS = 'sum(purchases), sum(items), sum(revenue_minor)';

const milestones = (milestone: 'first' | 'loyal', branch: string, where = ''): string =>
  `(SELECT sum(customers) FROM gold.milestone_days WHERE milestone = '${milestone}' AND branch_id = '${branch}' ${where})`;

const customers = (from: string, branch = ''): string =>
  `(SELECT groupBitmapMerge(customers) FROM gold.day_customers WHERE branch_id = '${branch}' AND day >= '${from}')`;

/** The main figures of all time, but for products. */
export const allTime = (branch = ''): string =>
  `SELECT ${SUMS}, max(newest), ${milestones('first', branch)}, ${milestones('loyal', branch)}
   FROM ${branch === '' ? 'gold.chain_days' : `gold.days WHERE branch_id = '${branch}'`}`;

/** The main figures from a day on, but for products. */
export const since = (from: string): string =>
  `SELECT ${SUMS}, max(newest), ${customers(from)}, ${milestones('loyal', '')} FROM gold.chain_days WHERE day >= '${from}'`;

export const topProducts =
  'SELECT product_id, sum(units) AS all_units, sum(revenue_minor) FROM gold.day_products GROUP BY product_id ORDER BY all_units DESC LIMIT 3 WITH TIES';

/** Products from `middle` on beside those of the days before it from `from` on. */
export const products = (from: string, middle: string): string =>
  `SELECT product_id, sumIf(units, day >= '${middle}') AS units_now, sumIf(revenue_minor, day >= '${middle}'), sumIf(purchases, day >= '${middle}'),
     sumIf(units, day < '${middle}'), sumIf(revenue_minor, day < '${middle}')
   FROM gold.day_products WHERE day >= '${from}' GROUP BY product_id ORDER BY units_now DESC`;

/** The same of branches, with their customers from `middle` on. */
export const branches = (from: string, middle: string): string =>
  `SELECT * FROM (
     SELECT branch_id, sumIf(purchases, day >= '${middle}'), sumIf(items, day >= '${middle}'), sumIf(revenue_minor, day >= '${middle}'), max(newest),
       sumIf(purchases, day < '${middle}'), sumIf(revenue_minor, day < '${middle}')
     FROM gold.days WHERE day >= '${from}' GROUP BY branch_id
   ) AS sales
   LEFT JOIN (
     SELECT branch_id, groupBitmapMerge(customers) AS unique_customers FROM gold.day_customers WHERE branch_id != '' AND day >= '${middle}' GROUP BY branch_id
   ) AS customers USING branch_id
   LEFT JOIN (
     SELECT branch_id, sum(customers) AS loyal_customers FROM gold.milestone_days WHERE branch_id != '' AND milestone = 'loyal' GROUP BY branch_id
   ) AS loyal USING branch_id
   ORDER BY branch_id`;

export const newAndReturning = (from: string): string =>
  `SELECT ${customers(from)} AS unique_customers, ${milestones('first', '', `AND day >= '${from}'`)} AS new_customers,
     unique_customers - new_customers AS returning_customers`;

/** Who became loyal by day, and how many had before. */
export const loyal = (from: string, branch = ''): string =>
  `SELECT greatest(day, toDate('${from}') - 1) AS of_day, sum(customers) FROM gold.milestone_days
   WHERE milestone = 'loyal' AND branch_id = '${branch}' GROUP BY of_day ORDER BY of_day`;

export const byDay = (from: string): string =>
  `SELECT day, purchases, items, revenue_minor, unique_customers FROM gold.chain_days WHERE day >= '${from}' ORDER BY day`;

export const hours = (keys: string, from = '1970-01-01'): string =>
  `SELECT ${keys}, ${SUMS} FROM gold.hours WHERE day >= '${from}' GROUP BY ${keys} ORDER BY ${keys}`;
