import type { Database } from '@tillstream/pos-api/postgres/database';
import { byKey, type Key, type Store } from '../facts/facts.ts';
import { purchaseFact, purchaseRow, slotDigest, slotRow } from '../facts/purchase-fact.ts';
import { lowestIdAt, type PurchaseScope, type SlotOfBranch } from '../facts/purchase-scope.ts';

const SLOT = `extract(epoch from date_bin('15 minutes', p.sold_at, timestamptz 'epoch'))::bigint`;
const milliseconds = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint`;
const CUSTOMER = `coalesce(p.customer_id, '00000000-0000-0000-0000-000000000000')`;

/** Purchases and returns as silver.purchases has them: a return has the version of its purchase, and negative money and quantities. */
const FROM = `
  from (
    select purchase_id, version, branch_id, sold_at, recorded_at, currency, gross_minor, total_minor, customer_id, voided_at,
      cashier, receipt_number, channel, tenders
    from purchases
    union all
    select r.return_id, sold.version, r.branch_id, r.returned_at, r.recorded_at, sold.currency, 0, -r.total_minor, sold.customer_id, null,
      r.cashier, sold.receipt_number, sold.channel, null
    from returns r join purchases sold on sold.purchase_id = r.purchase_id
  ) as p
  left join customers c on c.customer_id = p.customer_id
  cross join lateral (
    select coalesce(sum(i.units)::bigint, 0) as units,
      coalesce(string_agg(concat_ws(':', i.product_id, trim_scale(i.quantity), i.unit_price_minor, i.total), ',' order by i.line), '') as items
    from (
      select line, product_id, quantity, unit_price_minor, net_minor as total,
        case when weighed then 1 else quantity end as units
      from purchase_items where purchase_id = p.purchase_id
      union all
      select line, product_id, -quantity, 0, -total_minor, 0 from return_items where return_id = p.purchase_id
    ) as i
  ) as basket
  cross join lateral (
    select coalesce(string_agg(concat(t.type, ':', t.amount_minor), ','), '') as paid
    from jsonb_to_recordset(p.tenders) as t (type text, amount_minor bigint)
  ) as tenders`;

/** What else the receipt says. */
const DETAILS = `concat_ws('|', p.gross_minor, coalesce(p.cashier, ''), coalesce(p.receipt_number, ''), p.channel, tenders.paid)`;

/** The counterpart in ClickHouse is CHECKSUM in clickhouse-purchases.ts: both must write the same text. */
const CHECKSUM = `crc32(convert_to(concat_ws('|', p.purchase_id, p.version, ${milliseconds('p.sold_at')},
  ${milliseconds('p.recorded_at')}, p.currency, p.total_minor, basket.items, ${DETAILS}, ${CUSTOMER}, coalesce(c.number, 0)), 'UTF8'))`;

const FACTS = `select ${SLOT} as slot, p.branch_id, p.purchase_id,
    case when p.voided_at is null then 'recorded' else 'voided' end as status, p.version,
    ${milliseconds('p.sold_at')} as sold_ms, ${milliseconds('p.recorded_at')} as recorded_ms, p.currency, p.total_minor,
    basket.units, basket.items, ${DETAILS} as details, ${CUSTOMER} as customer_id, coalesce(c.number, 0) as customer_number ${FROM}`;

/** Purchases and returns as Postgres has them: the truth. */
export const postgresPurchases = (db: Database): Store<PurchaseScope, SlotOfBranch> => ({
  digests: async (scope) => {
    const { condition, values } = where(scope);
    const { rows } = await db.query(
      `select ${SLOT} as slot, p.branch_id, count(*) as purchases, sum(p.total_minor) as revenue_minor,
         sum(basket.units) as units, sum(${CHECKSUM}) as checksum
       ${FROM} where p.voided_at is null and ${condition} group by 1, 2`,
      values,
    );
    return rows.map((row) => slotDigest(slotRow.parse(row)));
  },

  factsOf: async (groups, scope) => {
    const { condition, values } = where(scope);
    const n = values.length;
    const { rows } = await db.query(
      `${FACTS} where ${condition} and exists (
         select from unnest($${n + 1}::bigint[], $${n + 2}::text[]) as asked (slot, branch)
         where p.sold_at >= to_timestamp(asked.slot) and p.sold_at < to_timestamp(asked.slot + 900) and p.branch_id = asked.branch)`,
      [...values, groups.map(({ slot }) => slot), groups.map(({ branch }) => branch)],
    );
    return byKey(rows.map((row) => purchaseFact(purchaseRow.parse(row))));
  },

  facts: async (keys) => {
    if (keys.length === 0) return new Map();
    const { rows } = await db.query(`${FACTS} where p.purchase_id = any($1::uuid[])`, [idsOf(keys)]);
    return byKey(rows.map((row) => purchaseFact(purchaseRow.parse(row))));
  },
});

const idsOf = (keys: readonly Key[]) => [...new Set(keys.map(({ id }) => id))];

const where = (scope: PurchaseScope): { condition: string; values: (string | number)[] } => {
  const moment = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;
  if (scope.kind === 'sold') {
    return {
      condition: `p.sold_at >= to_timestamp($1) and p.sold_at < to_timestamp($2) and p.recorded_at < ${moment('$3')}`,
      values: [scope.fromSlot, scope.toSlot, scope.recordedTo],
    };
  }
  return {
    // The primary key is in order of time; recorded_at alone has no index.
    condition: `p.purchase_id >= $1::uuid and p.recorded_at >= ${moment('$2')} and p.recorded_at < ${moment('$3')}`,
    values: [lowestIdAt(scope.recordedFrom - 1_000), scope.recordedFrom, scope.recordedTo],
  };
};
