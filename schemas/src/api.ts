import { z } from 'zod';

/** Text of one line without control characters: what Postgres, CSV and logs can all carry. */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters');

const MAX_ITEMS = 200;

/** A moment with its zone or offset, kept to the millisecond in UTC. */
const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant with a zone, such as 2026-11-20T10:00:00Z' })
  .transform((text) => new Date(text))
  .refine((moment) => moment.getUTCFullYear() >= 1900, 'is before the chain existed')
  .transform((moment) => moment.toISOString());

/** Body of `POST /v1/purchases`. Whether branch and products exist is for Postgres to say. */
export const purchaseRequest = z.strictObject({
  branch_id: line(64),
  customer_id: z
    .guid('must be a UUID')
    .transform((id) => id.toLowerCase())
    .nullish(),
  items: z
    .array(
      z.strictObject({
        product_id: line(128),
        quantity: z.literal(1, 'must be 1: each product stands once in a purchase'),
      }),
    )
    .min(1, 'there are no items')
    .max(MAX_ITEMS),
  sold_at: instant.nullish(),
});

/** Header `Idempotency-Key`. */
export const idempotencyKey = z.string().regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable characters');

/** One thing that is wrong with a request: a JSON pointer into the body, and what is wrong there. */
export const fault = z.object({ pointer: z.string(), detail: z.string() });

/** RFC 9457 problem details. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(fault).optional(),
});

/** Body of the 201, and of `GET /v1/purchases/{id}`, which adds `status`. */
export const purchaseResponse = z.object({
  purchase_id: z.guid(),
  branch_id: z.string(),
  customer_id: z.guid().nullable(),
  sold_at: z.string(),
  items: z.array(
    z.object({ product_id: z.string(), quantity: z.number().int(), unit_price_minor: z.number().int().min(0) }),
  ),
  total_minor: z.number().int().min(0),
  currency: z.string(),
  customer: z.object({ purchases: z.number().int().min(1), loyal: z.boolean() }).nullable(),
});

export const productsResponse = z.object({
  products: z.array(
    z.object({
      product_id: z.string(),
      name: z.string(),
      unit_price_minor: z.number().int(),
      currency: z.string(),
      active: z.boolean(),
    }),
  ),
});

export const branchesResponse = z.object({
  branches: z.array(z.object({ branch_id: z.string(), name: z.string(), country: z.string() })),
});

export const customerResponse = z.object({
  customer_id: z.guid(),
  purchases: z.number().int(),
  spent_minor: z.number().int(),
  loyal: z.boolean(),
  loyal_since: z.string().nullable(),
  first_sold_at: z.string().nullable(),
  last_sold_at: z.string().nullable(),
});

export type PurchaseRequest = z.output<typeof purchaseRequest>;
export type PurchaseResponse = z.output<typeof purchaseResponse>;
export type Fault = z.output<typeof fault>;
export type Problem = z.output<typeof problem>;
