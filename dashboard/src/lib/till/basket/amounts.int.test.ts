import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeDatabase, type TestDatabase } from '../../../../../tests/support/database.ts';
import { grossOf, netAmounts, refundOf } from './amounts.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await makeDatabase(inject('postgresUrl'));
});
afterAll(() => database.pool.end());

/** Some that come out on half a minor unit, which is where roundings differ. */
const quantity = fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.constantFrom(500, 1500, 735, 125, 1000));
const price = fc.oneof(fc.integer({ min: 0, max: 1_000_000_000 }), fc.integer({ min: 0, max: 999 }));
const line = fc.record({ quantity, price, off: fc.nat({ max: 100 }) });
const receipt = fc.record({ lines: fc.array(line, { minLength: 1, maxLength: 8 }), off: fc.nat({ max: 100 }) });

test("a till's amounts are those of Postgres, to the minor unit: lines, shares of a discount, what comes back", async () => {
  const receipts = fc.sample(receipt, { numRuns: 1_000, seed: 42 }).map(({ lines, off }) => {
    const quantities = lines.map((one) => one.quantity);
    const prices = lines.map((one) => one.price);
    const gross = lines.map((one) => grossOf(one.quantity, one.price));
    const discounts = lines.map((one, index) => Math.floor(((gross[index] ?? 0) * one.off) / 100));
    const totals = gross.map((amount, index) => amount - (discounts[index] ?? 0));
    const discount = Math.floor((totals.reduce((sum, total) => sum + total, 0) * off) / 100);
    return { quantities, prices, gross, discounts, totals, discount };
  });
  const { rows } = await database.pool.query(
    `select
       (select json_agg(gross_of(q.value::numeric / 1000, p.value::bigint) order by q.ordinality)
         from json_array_elements_text(r -> 'quantities') with ordinality q
         join json_array_elements_text(r -> 'prices') with ordinality p using (ordinality)) as gross,
       to_json(net_amounts(
         array(select value::numeric / 1000 from json_array_elements_text(r -> 'quantities')),
         array(select value::bigint from json_array_elements_text(r -> 'prices')),
         array(select value::bigint from json_array_elements_text(r -> 'discounts')), (r ->> 'discount')::bigint)) as nets,
       (select json_agg(share_of((r ->> 'discount')::bigint, before + part, whole) - share_of((r ->> 'discount')::bigint, before, whole))
         from (values (0.001, 0.002, 0.735), (0.5, 0.25, 1), (1, 2, 3), (0, 5, 7)) as step (before, part, whole)) as refunds
     from json_array_elements($1::json) with ordinality as given (r, n) order by n`,
    [JSON.stringify(receipts)],
  );
  const steps = [
    [1, 2, 735],
    [500, 250, 1000],
    [1000, 2000, 3000],
    [0, 5000, 7000],
  ] as const;
  expect(rows).toHaveLength(receipts.length);
  for (const [index, { gross, totals, discount }] of receipts.entries()) {
    expect(rows[index]).toEqual({
      gross,
      nets: netAmounts(totals, discount),
      refunds: steps.map(([before, part, whole]) => refundOf(discount, whole, before, part)),
    });
  }
});
