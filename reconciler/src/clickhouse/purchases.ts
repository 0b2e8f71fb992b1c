import type { ClickHouse } from '@tillstream/clickhouse/client';
import { byKey, type Fact, type Key, type Store } from '../facts/facts.ts';
import { purchaseFact, purchaseRow, slotDigest, slotRow } from '../facts/purchase-fact.ts';
import { type PurchaseScope, type SlotOfBranch, slotName } from '../facts/purchase-scope.ts';
import { IDS_PER_QUERY, inPieces, slotList, uuidList } from './sql-lists.ts';

const ITEMS = `arrayStringConcat(arrayMap((product, quantity, price, total) ->
    concat(product, ':', toString(quantity), ':', toString(price), ':', toString(total)),
  product_ids, quantities, unit_prices_minor, line_totals_minor), ',')`;

/** What else the receipt says. */
const DETAILS = `concatWithSeparator('|', toString(gross_minor), cashier, receipt_number, channel,
  arrayStringConcat(arrayMap((type, amount) -> concat(type, ':', toString(amount)), tender_types, tender_amounts_minor), ','))`;

/** The counterpart in Postgres is CHECKSUM in postgres-purchases.ts: both must write the same text. */
const CHECKSUM = `CRC32(concatWithSeparator('|', toString(purchase_id), toString(intDiv(version, 65536)),
  toString(toUnixTimestamp64Milli(sold_at)), toString(toUnixTimestamp64Milli(recorded_at)), currency, toString(total_minor),
  ${ITEMS}, ${DETAILS}, toString(customer_id), toString(customer_number)))`;

const FACTS = `SELECT toUnixTimestamp(slot) AS slot, branch_id, purchase_id, toString(status) AS status, intDiv(version, 65536) AS version,
    toUnixTimestamp64Milli(sold_at) AS sold_ms, toUnixTimestamp64Milli(recorded_at) AS recorded_ms, currency, total_minor,
    units, ${ITEMS} AS items, ${DETAILS} AS details, customer_id, customer_number
  FROM silver.purchases AS facts FINAL`;

/** All rows of a purchase lie in the partition of its slot, and the slot is part of its key: FINAL per partition is whole. */
const SETTINGS = 'SETTINGS do_not_merge_across_partitions_select_final = 1';
/** With more slots than this a list of them costs more than it saves. */
const MAX_LISTED_SLOTS = 2_000;
const TIMEOUT_SECONDS = 30;

/** Purchases and returns as ClickHouse counts them: the newest version of each. */
export const clickhousePurchases = (clickhouse: ClickHouse): Store<PurchaseScope, SlotOfBranch> => {
  const facts = async (name: string, sql: string, params?: Record<string, unknown>): Promise<Fact[]> => {
    const rows = await clickhouse.rows({ name, sql, params, row: purchaseRow, timeoutSeconds: TIMEOUT_SECONDS });
    return rows.map(purchaseFact);
  };

  return {
    digests: async (scope) => {
      const { condition, params } = where(scope);
      const rows = await clickhouse.rows({
        name: 'reconciler: digests of purchases',
        sql: `SELECT toUnixTimestamp(facts.slot) AS slot, branch_id, count() AS purchases, toString(sum(total_minor)) AS revenue_minor,
                toString(sum(facts.units)) AS units, toString(sum(${CHECKSUM})) AS checksum
              FROM silver.purchases AS facts FINAL
              WHERE status = 'recorded' AND ${condition} GROUP BY facts.slot, branch_id ${SETTINGS}`,
        params,
        row: slotRow,
        timeoutSeconds: TIMEOUT_SECONDS,
      });
      return rows.map(slotDigest);
    },

    factsOf: async (groups, scope) => {
      const { condition, params } = where(scope);
      const asked = new Set(groups.map(slotName));
      const slots = slotList(groups.map(({ slot }) => slot));
      const found = await facts(
        'reconciler: purchases of slots',
        `${FACTS} WHERE facts.slot IN ${slots} AND ${condition} ${SETTINGS}`,
        params,
      );
      return byKey(found.filter(({ key }) => asked.has(slotName({ slot: key.slot ?? 0, branch: key.branch ?? '' }))));
    },

    facts: async (keys) => {
      const found: Fact[] = [];
      for (const piece of inPieces(keys, IDS_PER_QUERY)) {
        found.push(...(await facts('reconciler: purchases by id', byId(piece))));
      }
      return byKey(found);
    },
  };
};

const byId = (keys: readonly Key[]): string =>
  `${FACTS} WHERE facts.slot IN ${slotList(keys.map(({ slot }) => slot ?? 0))}
     AND purchase_id IN ${uuidList(keys.map(({ id }) => id))} ${SETTINGS}`;

const where = (scope: PurchaseScope): { condition: string; params: Record<string, number> } => {
  const before = 'recorded_at < fromUnixTimestamp64Milli({recordedTo:Int64})';
  if (scope.kind === 'sold') {
    return {
      condition: `facts.slot >= toDateTime({fromSlot:UInt32}, 'UTC') AND facts.slot < toDateTime({toSlot:UInt32}, 'UTC') AND ${before}`,
      params: { fromSlot: scope.fromSlot, toSlot: scope.toSlot, recordedTo: scope.recordedTo },
    };
  }
  const listed = scope.slots.length <= MAX_LISTED_SLOTS ? `facts.slot IN ${slotList(scope.slots)} AND ` : '';
  return {
    condition: `${listed}recorded_at >= fromUnixTimestamp64Milli({recordedFrom:Int64}) AND ${before}`,
    params: { recordedFrom: scope.recordedFrom, recordedTo: scope.recordedTo },
  };
};
