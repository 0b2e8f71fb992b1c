import { z } from 'zod';
import { CHANNELS, UNITS } from './values/choices.ts';

/** A moment in UTC with milliseconds, as Postgres rounded it: `2026-11-20T10:00:00.000Z`. */
export const utcInstant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);

/** Money in minor units (cents). */
export const minorUnits = z.number().int();

/** Pieces, or kilograms with up to three decimals. */
const quantity = z.number().positive();

/** How often and since when a customer buys, after the change that the event tells of. */
const customerTotals = {
  /** Purchases that are not void. */
  purchases: z.number().int().min(0),
  spent_minor: minorUnits,
  /** When the purchase that made the customer loyal was sold; null while there are fewer than the threshold. */
  loyal_since: utcInstant.nullable(),
  first_sold_at: utcInstant.nullable(),
  last_sold_at: utcInstant.nullable(),
  /** What `first_sold_at` and `loyal_since` were in the revision before this one; null where there was none. */
  first_sold_before: utcInstant.nullable(),
  loyal_before: utcInstant.nullable(),
  /** Grows with every change of the customer, voids included: the newest snapshot has the highest. */
  revision: z.number().int().min(1),
};

/** A customer as of the event's transaction: totals in the chain and in the purchase's branch. */
export const customerSnapshot = z.object({
  customer_id: z.guid(),
  /** A dense number that Postgres hands out, for bitmaps. */
  number: z.number().int().min(1),
  ...customerTotals,
  branch: z.object(customerTotals),
});

/** The whole state of a purchase after a change; events of one purchase may come in any order, any number of times. */
export const purchaseState = z.object({
  purchase_id: z.guid(),
  /** 1 recorded, higher with each change: the highest is the state that counts. */
  version: z.number().int().min(1),
  status: z.enum(['recorded', 'voided']),
  branch_id: z.string().min(1),
  sold_at: utcInstant,
  recorded_at: utcInstant,
  currency: z.string().length(3),
  /** What it would have cost without any discount. Absent in events of before there were discounts: the total. */
  gross_minor: minorUnits.min(0).optional(),
  /** The discount of the receipt as a whole. */
  discount_minor: minorUnits.min(0).default(0),
  /** What was paid when it was sold. */
  total_minor: minorUnits.min(0),
  cashier: z.string().nullable().default(null),
  /** The till's own. */
  receipt_number: z.string().nullable().default(null),
  channel: z.enum(CHANNELS).default('pos'),
  /** How it was paid; they add up to the total. Null where the till did not say. */
  tenders: z
    .array(z.object({ type: z.string().min(1), amount_minor: minorUnits.min(0) }))
    .nullable()
    .default(null),
  items: z
    .array(
      z.object({
        product_id: z.string().min(1),
        quantity,
        /** What the quantity was of. Absent in events of before it was said: kilograms where the quantity has decimals, else pieces. */
        unit: z.enum(UNITS).optional(),
        unit_price_minor: minorUnits.min(0),
        /** The discount of this line. Absent in events of before there were discounts, as the next two. */
        discount_minor: minorUnits.min(0).default(0),
        /** Quantity × unit price, rounded half up, less the discount. Absent: quantity × unit price. */
        total_minor: minorUnits.min(0).optional(),
        /** The same less the line's share of the receipt's discount: they add up to the purchase's total. Absent: `total_minor`. */
        net_minor: minorUnits.min(0).optional(),
      }),
    )
    .min(1),
  customer: customerSnapshot.nullable(),
  /** Who voided it (the id of an API key, `loopback`, `reconciler`, …), why, and by which request. Only where it is void. */
  void: z
    .object({ by: z.string().min(1), reason: z.string().nullable(), request_id: z.string().nullable() })
    .optional(),
  /**
   * All returns of it so far, the oldest first. Only where there is one. The totals above stay as they were sold; no more than that
   * is ever given back.
   */
  returns: z
    .array(
      z.object({
        return_id: z.guid(),
        /** Where it was taken back. */
        branch_id: z.string().min(1),
        returned_at: utcInstant,
        recorded_at: utcInstant,
        cashier: z.string().nullable(),
        reason: z.string().nullable(),
        /** What the customer got back. */
        total_minor: minorUnits.min(0),
        /** Each product once. */
        items: z.array(z.object({ product_id: z.string().min(1), quantity, total_minor: minorUnits.min(0) })).min(1),
      }),
    )
    .min(1)
    .optional(),
});

const envelope = {
  specversion: z.literal('1.0'),
  /** `<subject>/<version>`: the same event has the same id however often it is sent. */
  id: z.string().min(1),
  source: z.literal('/pos-api'),
  subject: z.string().min(1),
  time: utcInstant,
  datacontenttype: z.literal('application/json'),
  /** CloudEvents extension: the `X-Request-Id` of the request that recorded the purchase or changed the catalog. */
  requestid: z.string().min(1).max(128).optional(),
  /** CloudEvents extension: the span of that request (W3C Trace Context), where it was traced. */
  traceparent: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .optional(),
};

/** A purchase was recorded, or a recorded one was voided or returned in part (CloudEvents 1.0, structured JSON). */
export const purchaseEvent = z.object({
  ...envelope,
  type: z.enum(['pos.purchase.recorded.v1', 'pos.purchase.voided.v1', 'pos.purchase.returned.v1']),
  data: purchaseState,
});

/** A product or branch as it is now; `revision` grows with each change. */
export const catalogEvent = z.discriminatedUnion('type', [
  z.object({
    ...envelope,
    type: z.literal('pos.product.changed.v1'),
    data: z.object({
      product_id: z.string().min(1),
      name: z.string().min(1),
      category: z.string().default(''),
      unit: z.enum(UNITS).default('piece'),
      sku: z.string().nullable().default(null),
      unit_price_minor: minorUnits.min(0),
      /** Whether a till may say what it costs. */
      open_price: z.boolean().default(false),
      currency: z.string().length(3),
      active: z.boolean(),
      revision: z.number().int().min(1),
    }),
  }),
  z.object({
    ...envelope,
    type: z.literal('pos.branch.changed.v1'),
    data: z.object({
      branch_id: z.string().min(1),
      name: z.string().min(1),
      country: z.string(),
      revision: z.number().int().min(1),
    }),
  }),
]);

/** Whatever may travel on the topic. */
export const posEvent = z.union([purchaseEvent, catalogEvent]);

/** Events as they are written: what has a default may be absent. */
export type PurchaseState = z.input<typeof purchaseState>;
export type PurchaseEvent = z.input<typeof purchaseEvent>;
export type PosEvent = z.input<typeof posEvent>;
