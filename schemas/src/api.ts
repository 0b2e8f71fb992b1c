import { z } from 'zod';
import { customerIdOf, MAX_CUSTOMER_ID } from './customer-id.ts';
import { CHANNELS, UNITS } from './values/choices.ts';

/** Half of a character, as broken JSON escapes leave it: no encoding can carry it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text of one line without control characters: what Postgres, CSV and logs can all carry. */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters')
    .refine((text) => !LONE_SURROGATE.test(text), 'must be well-formed Unicode');

/** Items of one purchase at most. */
export const MAX_ITEMS = 200;
const MAX_TENDERS = 20;

/** Purchases with one receipt number that a lookup answers at most. */
export const MAX_FOUND = 20;

/** What {@link instant} takes, for the contract; that the day is one of the calendar is said by its format. */
const INSTANT_PATTERN =
  '^(19|2\\d)\\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$';

/** A moment with its zone or offset, kept to the millisecond in UTC. The bounds on its year keep it storable. */
const instant = z.iso
  .datetime({ offset: true, abort: true, error: 'must be an instant with a zone, such as 2026-11-20T10:00:00Z' })
  .refine((text) => /^(19|2\d)/.test(text), 'must lie in the years 1900 to 2999')
  .meta({ pattern: INSTANT_PATTERN })
  .transform((text) => new Date(text).toISOString());

/** Money in minor units (cents), as a price may be: up to ten million in major units. */
const price = z.number().int('must be a whole number of minor units').min(0).max(1_000_000_000);

/** Money in minor units, as a discount or a payment may be. */
const amount = z
  .number()
  .int('must be a whole number of minor units')
  .min(0)
  .max(MAX_ITEMS * 10_000 * 1_000_000_000);

/** Quantity of one item at most: with the highest price and the most items, sums stay whole numbers in JSON. */
const MAX_QUANTITY = 10_000;
const NO_QUANTITY = `must be above 0, at most ${MAX_QUANTITY}, with three decimals at most`;

/** From 0.001 to 10000. */
const QUANTITY_PATTERN =
  '^(10000(\\.0{1,3})?|[1-9][0-9]{0,3}(\\.[0-9]{1,3})?|0\\.([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9]))$';

/** A quantity as a number or as text, kept as text: Postgres counts in decimals. */
const quantity = z
  .union(
    [
      z.number().meta({ exclusiveMinimum: 0, maximum: MAX_QUANTITY, multipleOf: 0.001 }),
      z.string().meta({ pattern: QUANTITY_PATTERN }),
    ],
    NO_QUANTITY,
  )
  .transform(String)
  .refine((text) => new RegExp(QUANTITY_PATTERN).test(text), NO_QUANTITY)
  .meta({
    description: 'A whole number; for a product sold by weight with up to three decimals.',
    examples: [1, 0.735],
  });

const productIdText = line(128)
  .regex(/^\S+$/, 'must not contain spaces')
  .meta({ examples: ['milk'] });
const branchIdText = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _')
  .meta({ examples: ['SMKT001'] });

/** Body of `POST /v1/purchases`. Whether branch and products exist is for Postgres to say. */
export const purchaseRequest = z
  .strictObject({
    branch_id: line(64),
    customer_id: z
      .union([line(MAX_CUSTOMER_ID), z.literal('')], `must be text of up to ${MAX_CUSTOMER_ID} characters`)
      .transform(customerIdOf)
      .nullish()
      .meta({
        description:
          'From the loyalty card: a UUID, or any text, which becomes its UUIDv5. Absent, empty or the zero UUID: no customer.',
      }),
    items: z
      .array(
        z.strictObject({
          product_id: line(128),
          quantity,
          unit_price_minor: price.nullish().meta({
            description: 'Of a product with an open price. Absent: what the product cost when it was sold.',
          }),
          discount_minor: amount.nullish().meta({ description: 'Taken off this line.' }),
        }),
      )
      .min(1, 'there are no items')
      .max(MAX_ITEMS, `there are more than ${MAX_ITEMS} items`)
      .meta({
        description: 'Each product once with quantity 1, unless the chain allows more (MAX_QUANTITY_PER_PRODUCT).',
      }),
    discount_minor: amount.nullish().meta({ description: 'Taken off the receipt as a whole.' }),
    cashier: line(100).nullish(),
    receipt_number: line(100).nullish().meta({ description: "The till's own." }),
    channel: z.enum(CHANNELS).nullish().meta({ description: 'Absent: pos.' }),
    tenders: z
      .array(z.strictObject({ type: line(32), amount_minor: amount }))
      .max(MAX_TENDERS, `there are more than ${MAX_TENDERS} tenders`)
      .nullish()
      .meta({ description: 'How it was paid, such as cash and card. They add up to the total.' }),
    sold_at: instant.nullish().meta({
      description: 'When it was sold, for a till that was offline; absent: now. At most 5 minutes ahead.',
    }),
  })
  .meta({
    examples: [{ branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] }],
  });

/** Body of `POST /v1/purchases/{id}/void`; absent or empty: no reason is given. A void takes back the whole purchase. */
export const voidRequest = z
  .strictObject({ reason: line(500).optional() })
  .meta({ examples: [{ reason: 'Wrong item' }] });

/** Body of `POST /v1/purchases/{id}/returns`. */
export const returnRequest = z
  .strictObject({
    items: z
      .array(z.strictObject({ product_id: line(128), quantity }))
      .min(1, 'there are no items')
      .max(MAX_ITEMS, `there are more than ${MAX_ITEMS} items`)
      .meta({ description: 'Each product once.' }),
    branch_id: line(64).nullish().meta({
      description: 'Where it is taken back. Absent: the branch of the key, else that of the purchase.',
    }),
    cashier: line(100).nullish(),
    reason: line(500).nullish(),
  })
  .meta({ examples: [{ items: [{ product_id: 'milk', quantity: 1 }], reason: 'Sour' }] });

/** Header `Idempotency-Key`. */
export const idempotencyKey = z.string().regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable characters');

/** Header `X-Request-Id` where it is accepted; another one is replaced. */
export const requestId = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);

/** One thing that is wrong with a request: a JSON pointer into the body, and what is wrong there. */
export const fault = z.object({ pointer: z.string(), detail: z.string() });

/** RFC 9457 problem details. */
export const problem = z.object({
  type: z.string().meta({ examples: ['urn:tillstream:problem:invalid-purchase'] }),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(fault).optional(),
});

const wireInstant = z.iso.datetime({ precision: 3 }).meta({ examples: ['2026-11-20T10:00:00.000Z'] });

/** Body of the 201. */
export const purchaseResponse = z.object({
  purchase_id: z.guid(),
  receipt_number: z.string().nullable(),
  branch_id: z.string(),
  customer_id: z.guid().nullable(),
  sold_at: wireInstant,
  items: z.array(
    z.object({
      product_id: z.string(),
      quantity: z.number(),
      unit: z.enum(UNITS).meta({ description: 'What the quantity is of.' }),
      unit_price_minor: z.number().int().min(0),
      discount_minor: z.number().int().min(0),
      total_minor: z.number().int().min(0).meta({ description: 'Rounded half up, less the discount of the line.' }),
      net_minor: z
        .number()
        .int()
        .min(0)
        .meta({ description: "The same less the line's share of the receipt's discount." }),
    }),
  ),
  discount_minor: z.number().int().min(0).meta({ description: 'Taken off the receipt as a whole.' }),
  total_minor: z.number().int().min(0),
  currency: z.string(),
  customer: z
    .object({ purchases: z.number().int().min(1), loyal: z.boolean() })
    .nullable()
    .meta({ description: 'Which purchase of the customer this was, and whether it made or found them loyal.' }),
});

const returned = z.object({
  return_id: z.guid(),
  branch_id: z.string(),
  returned_at: wireInstant,
  recorded_at: wireInstant,
  cashier: z.string().nullable(),
  reason: z.string().nullable(),
  total_minor: z.number().int().min(0).meta({ description: 'What the customer gets back.' }),
  items: z.array(z.object({ product_id: z.string(), quantity: z.number(), total_minor: z.number().int().min(0) })),
});

/** Body of the 201 of a return. */
export const returnResponse = returned.extend({ purchase_id: z.guid() });

/** Body of `GET /v1/purchases/{id}` and of a void: the 201 and what became of it. */
export const storedPurchaseResponse = purchaseResponse.extend({
  status: z.enum(['recorded', 'voided']),
  returns: z.array(returned).meta({ description: 'The oldest first.' }),
});

/** Query of `GET /v1/purchases`. */
export const purchaseQuery = z.object({
  receipt_number: line(100).meta({ description: 'As the till wrote it.', examples: ['SMKT001-1-000042'] }),
  branch: line(64).optional().meta({ description: 'Only what this branch sold.' }),
});

/** Body of `GET /v1/purchases`. Receipt numbers are the tills' own: several purchases may have the same. */
export const purchasesResponse = z.object({
  purchases: z.array(storedPurchaseResponse).meta({ description: `The newest first, ${MAX_FOUND} at most.` }),
});

/** Body of `POST /v1/branches/{id}/tills`. */
export const newTill = z
  .strictObject({ device: z.uuid().meta({ description: 'Made by the device once and kept by it.' }) })
  .meta({ examples: [{ device: '5f0c9f8e-1b7a-4c55-9a53-0b8f1f1c2d3e' }] });

/** A device that sells in a branch. Its number is never given to another one there. */
export const tillResponse = z.object({
  branch_id: z.string(),
  till_number: z.number().int().min(1),
  device: z.guid(),
});

const product = z.object({
  product_id: z.string(),
  name: z.string(),
  category: z.string(),
  unit: z.enum(UNITS),
  sku: z.string().nullable(),
  unit_price_minor: z.number().int(),
  open_price: z.boolean().meta({ description: 'A till may say what it costs.' }),
  currency: z.string(),
  active: z.boolean(),
});

export const productsResponse = z.object({ products: z.array(product) });

/** A product with what it cost from when on; `from` is null for the first price, which has always been valid. */
export const productResponse = product.extend({
  prices: z.array(z.object({ from: wireInstant.nullable(), unit_price_minor: z.number().int() })),
});

const branch = z.object({ branch_id: z.string(), name: z.string(), country: z.string() });

/** One branch. */
export const branchResponse = branch;

export const branchesResponse = z.object({ branches: z.array(branch) });

export const customerResponse = z.object({
  customer_id: z.guid(),
  purchases: z.number().int(),
  spent_minor: z.number().int(),
  loyal: z.boolean(),
  loyal_since: wireInstant.nullable(),
  first_sold_at: wireInstant.nullable(),
  last_sold_at: wireInstant.nullable(),
});

const category = z.union([line(100), z.literal('')], 'must be text of up to 100 characters');
const sku = line(64).meta({ description: 'What a scanner reads. Active products have different ones.' });

/** Body of `POST /v1/products`. The id is the name in lower case with `-` for spaces unless it is given. */
export const newProduct = z
  .strictObject({
    product_id: productIdText.optional(),
    name: line(100),
    unit_price_minor: price,
    category: category.optional(),
    unit: z.enum(UNITS).optional(),
    sku: sku.nullish(),
    open_price: z.boolean().optional(),
  })
  .meta({ examples: [{ name: 'Oat Milk', unit_price_minor: 219 }] });

/** Body of `PATCH /v1/products/{id}`: `active: false` retires it, `sku: null` takes its SKU away. */
export const productChange = z
  .strictObject({
    name: line(100).optional(),
    category: category.optional(),
    unit: z.enum(UNITS).optional(),
    sku: sku.nullish(),
    open_price: z.boolean().optional(),
    active: z.boolean().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ examples: [{ active: false }], minProperties: 1 });

/** Body of `POST /v1/products/{id}/prices`: the price from a moment on; absent: from now on. */
export const newPrice = z
  .strictObject({ unit_price_minor: price, from: instant.nullish() })
  .meta({ examples: [{ unit_price_minor: 229, from: '2026-12-01T00:00:00Z' }] });

/** Body of `POST /v1/branches`. */
export const newBranch = z
  .strictObject({ branch_id: branchIdText, name: line(100), country: line(100) })
  .meta({ examples: [{ branch_id: 'SMKT004', name: 'Harbour', country: 'PT' }] });

/** Body of `PATCH /v1/branches/{id}`. */
export const branchChange = z
  .strictObject({ name: line(100).optional(), country: line(100).optional() })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ examples: [{ name: 'Old Harbour' }], minProperties: 1 });

/** Body of `/healthz` and `/readyz`. */
export const stateResponse = z.object({
  status: z.enum(['alive', 'ready', 'stopping', 'no database', 'read-only database', 'overloaded']),
});

/**
 * What an API key may do: record sales and returns (and void what it recorded in the last {@link OWN_VOID_HOURS}), void any
 * purchase, look up, change the catalog.
 */
export const SCOPES = ['post', 'void', 'read', 'admin'] as const;

/** So long a till may take back its own purchases without the scope `void`. */
export const OWN_VOID_HOURS = 24;
export type Scope = (typeof SCOPES)[number];

/** As a till writes it. */
export type PurchaseRequest = z.input<typeof purchaseRequest>;
export type Fault = z.output<typeof fault>;
export type Problem = z.output<typeof problem>;
