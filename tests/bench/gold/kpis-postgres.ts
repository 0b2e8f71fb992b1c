import { type Seed, YEARS } from '../sales/seed.ts';
import { percentile } from '../statistics.ts';
import { withWorkshop } from '../write/workshop.ts';
import type { FromFacts } from './kpis-questions.ts';

/**
 * What the questions take in Postgres over as many purchases, spread in the same way, with the indexes that serve them
 * (median of 3, ms). There are no repeats and no voids in it: it is the books, and exact by itself.
 */
export const measurePostgres = async (
  seed: Seed,
  questions: readonly FromFacts[],
): Promise<ReadonlyMap<FromFacts, number>> => {
  const found = new Map<FromFacts, number>();
  await withWorkshop({ broker: false }, async ({ db }) => {
    await db.query('CREATE SCHEMA bench');
    for (const statement of fill(seed)) await db.query(statement);
    for (const question of questions) {
      const took: number[] = [];
      for (let i = 0; i < 3; i++) {
        const began = performance.now();
        await db.query(question.postgres);
        took.push(performance.now() - began);
      }
      found.set(question, percentile(took, 50));
    }
  });
  return found;
};

const fill = ({ purchases, branches, customers, products, until }: Seed): string[] => [
  `CREATE UNLOGGED TABLE bench.purchases AS
   SELECT n AS purchase_id, 'SMKT' || lpad((1 + n % ${branches})::text, 3, '0') AS branch_id,
     to_timestamp(${until / 1000} - ${YEARS * 365 * 86_400}::bigint * (${purchases} - n) / ${purchases}) AT TIME ZONE 'UTC' AS sold_at,
     (100 + n % 900)::bigint AS total_minor, (1 + n % 4)::int AS units,
     (CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + (n * 2654435761) % ${customers} END)::int AS customer_number
   FROM generate_series(1, ${purchases}) AS n`,
  `CREATE UNLOGGED TABLE bench.items AS
   SELECT purchase_id, sold_at, 'product-' || ((purchase_id * 7 + place) % ${products}) AS product_id, 1 AS quantity, 100::bigint AS unit_price_minor
   FROM bench.purchases, generate_series(1, units) AS place`,
  'CREATE INDEX ON bench.purchases (sold_at) INCLUDE (branch_id, total_minor, units, customer_number)',
  'CREATE INDEX ON bench.items (sold_at) INCLUDE (product_id, quantity, unit_price_minor)',
  'CREATE INDEX ON bench.items (product_id) INCLUDE (quantity, unit_price_minor)',
  'VACUUM (ANALYZE) bench.purchases',
  'VACUUM (ANALYZE) bench.items',
];
