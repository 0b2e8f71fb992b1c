import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { PROBLEMS, type ProblemKind, problemType } from '../http/problems.ts';
import { OPERATIONS, type Operation, problemsOf, SCHEMAS, type SchemaName } from './operations.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made from the operations and the zod schemas that the server itself goes by. */
export const openApiDocument = (keysAreOn: boolean): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Tillstream POS API',
    version: '1',
    license: { name: 'MIT', identifier: 'MIT' },
    description: [
      'Takes purchases at the tills of a shop chain. Money is in minor units (cents), time in UTC.',
      'Whatever goes wrong is told as problem details (RFC 9457), with every fault and its place.',
      'A till that saw a timeout or a 503 sends the same request again with the same Idempotency-Key.',
    ].join(' '),
  },
  servers: [{ url: '/' }],
  tags: [...new Set(Object.values(OPERATIONS).map(({ tag }) => tag))].map((name) => ({ name })),
  ...(keysAreOn && { security: [{ key: [] }] }),
  paths: pathsOf(OPERATIONS),
  components: {
    schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)])),
    ...(keysAreOn && { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key' } } }),
    headers: HEADERS,
  },
});

const HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request: as given, or made. It is in the log, and with the purchase and its events.',
    required: true,
    schema: { type: 'string' },
  },
  RateLimit: {
    description: 'What is left of the limit (draft-ietf-httpapi-ratelimit-headers).',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': { description: 'The limit of this key or address.', schema: { type: 'string' } },
  'Retry-After': {
    description: 'Seconds to wait before the next attempt.',
    required: true,
    schema: { type: 'integer' },
  },
  'Idempotent-Replayed': {
    description: 'It had been recorded before.',
    schema: { type: 'string', enum: ['true'] },
  },
  Location: { description: 'Where it can be looked up.', schema: { type: 'string' } },
} as const;

type HeaderName = keyof typeof HEADERS;

const headers = (names: readonly HeaderName[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Schemas of bodies that come in say what may be sent, before defaults and conversions. */
const jsonSchema = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

const pathsOf = (operations: Record<string, Operation>): Json => {
  const paths: Record<string, Json> = {};
  for (const [operationId, operation] of Object.entries(operations)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operationId, operation) };
  }
  return paths;
};

const describe = (operationId: string, operation: Operation): Json => ({
  operationId,
  summary: operation.summary,
  ...(operation.description && { description: operation.description }),
  tags: [operation.tag],
  ...(operation.scope ? { 'x-scope': operation.scope } : { security: [] }),
  parameters: parametersOf(operation),
  ...(operation.body && {
    requestBody: { required: !operation.bodyOptional, content: { 'application/json': content(operation.body) } },
  }),
  responses: { ...answersOf(operation), ...problemResponses(operation) },
});

const parametersOf = (operation: Operation): Json[] => [
  ...[...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: PATH_IDS[name] ?? { type: 'string' },
  })),
  ...(operation.query ? queryOf(operation.query) : []),
  ...(operation.idempotencyKey
    ? [
        {
          name: 'Idempotency-Key',
          in: 'header',
          required: true,
          description: 'Made by the till for each purchase or return, unique in the chain; the same for each attempt.',
          schema: {
            type: 'string',
            minLength: 1,
            maxLength: 255,
            pattern: '^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$',
          },
          example: 'till-7/2026-11-20/000123',
        },
      ]
    : []),
];

const queryOf = (query: z.ZodObject): Json[] => {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
};

const PATH_IDS: Record<string, Json> = {
  purchase_id: { type: 'string', format: 'uuid' },
  customer_id: { type: 'string', format: 'uuid' },
  product_id: { type: 'string', minLength: 1, maxLength: 128, examples: ['milk'] },
  branch_id: { type: 'string', minLength: 1, maxLength: 64, examples: ['SMKT001'] },
};

const content = (name: SchemaName): Json => {
  const example = EXAMPLES[name];
  return { schema: { $ref: `#/components/schemas/${name}` }, ...(example !== undefined && { example }) };
};

const answersOf = (operation: Operation): Json =>
  Object.fromEntries(
    Object.entries(operation.answers).flatMap(([status, answer]) =>
      answer === undefined
        ? []
        : [
            [
              status,
              {
                description: answer.description,
                headers: headers([
                  'X-Request-Id',
                  ...(operation.scope ? (['RateLimit', 'RateLimit-Policy'] as const) : []),
                  ...(operation.idempotencyKey ? (['Idempotent-Replayed'] as const) : []),
                  ...(status === '201' ? (['Location'] as const) : []),
                  ...(status === '503' ? (['Retry-After'] as const) : []),
                ]),
                content: { 'application/json': content(answer.schema) },
                ...(answer.links && { links: linksOf(answer.links) }),
              },
            ],
          ],
    ),
  );

/** What can be done with what was answered (OpenAPI's links). */
const linksOf = ({ id, operations }: { id: string; operations: readonly string[] }): Json =>
  Object.fromEntries(
    operations.map((operationId) => [operationId, { operationId, parameters: { [id]: `$response.body#/${id}` } }]),
  );

/** The problems of an operation by status; several kinds may share one. */
const problemResponses = (operation: Operation): Json => {
  const kinds = new Map<number, ProblemKind[]>();
  for (const kind of problemsOf(operation)) {
    const { status } = PROBLEMS[kind];
    kinds.set(status, [...(kinds.get(status) ?? []), kind]);
  }
  return Object.fromEntries(
    [...kinds].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((kind) => PROBLEMS[kind].meaning).join(' Or: '),
        headers: headers(status === 503 || status === 429 ? ['X-Request-Id', 'Retry-After'] : ['X-Request-Id']),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(ofStatus.map((kind) => [kind, { value: problemExample(kind, operation) }])),
          },
        },
      },
    ]),
  );
};

const problemExample = (kind: ProblemKind, operation: Operation): Json => {
  const { status, meaning } = PROBLEMS[kind];
  const faulty = kind === 'invalid-purchase' || kind === 'invalid-content';
  return {
    type: problemType(kind),
    title: STATUS_CODES[status],
    status,
    detail: meaning,
    instance: operation.path,
    ...(faulty && { errors: [{ pointer: '#/name', detail: 'must not contain control characters' }] }),
  };
};

const PURCHASE = {
  purchase_id: '019a9f64-8c1e-7a30-9d5c-0d6f2c1b7a10',
  receipt_number: 'SMKT001-000042',
  branch_id: 'SMKT001',
  customer_id: null,
  sold_at: '2026-11-20T10:00:00.000Z',
  items: [
    {
      product_id: 'milk',
      quantity: 1,
      unit: 'piece',
      unit_price_minor: 150,
      discount_minor: 0,
      total_minor: 150,
      net_minor: 150,
    },
  ],
  discount_minor: 0,
  total_minor: 150,
  currency: 'EUR',
  customer: null,
};
const MILK = {
  product_id: 'milk',
  name: 'Milk',
  category: 'Dairy',
  unit: 'piece',
  sku: '4012345678901',
  unit_price_minor: 150,
  open_price: false,
  currency: 'EUR',
  active: true,
};
const RETURN = {
  return_id: '019a9f71-1d2e-7c40-8b1a-5d3e9a0c4f21',
  branch_id: 'SMKT001',
  returned_at: '2026-11-21T09:00:00.000Z',
  recorded_at: '2026-11-21T09:00:00.000Z',
  cashier: null,
  reason: 'Sour',
  total_minor: 150,
  items: [{ product_id: 'milk', quantity: 1, total_minor: 150 }],
};
const BRANCH = { branch_id: 'SMKT001', name: 'Harbour', country: 'PT' };

const EXAMPLES: Partial<Record<SchemaName, unknown>> = {
  VoidRequest: { reason: 'Wrong item' },
  PurchaseRequest: { branch_id: 'SMKT001', items: [{ product_id: 'milk', quantity: 1 }] },
  Purchase: PURCHASE,
  Purchases: { purchases: [{ ...PURCHASE, status: 'recorded', returns: [] }] },
  StoredPurchase: { ...PURCHASE, status: 'recorded', returns: [RETURN] },
  ReturnRequest: { items: [{ product_id: 'milk', quantity: 1 }], reason: 'Sour' },
  Return: { ...RETURN, purchase_id: PURCHASE.purchase_id },
  Products: { products: [MILK] },
  Product: { ...MILK, prices: [{ from: null, unit_price_minor: 150 }] },
  NewProduct: { name: 'Oat Milk', unit_price_minor: 219 },
  ProductChange: { active: false },
  NewPrice: { unit_price_minor: 229, from: '2026-12-01T00:00:00Z' },
  Branches: { branches: [BRANCH] },
  Branch: BRANCH,
  NewBranch: BRANCH,
  BranchChange: { name: 'Old Harbour' },
  NewTill: { device: '5f0c9f8e-1b7a-4c55-9a53-0b8f1f1c2d3e' },
  Till: { branch_id: 'SMKT001', till_number: 1, device: '5f0c9f8e-1b7a-4c55-9a53-0b8f1f1c2d3e' },
  Customer: {
    customer_id: '7f3b1c52-43a5-4d0a-9c53-4a1f0de0b6aa',
    purchases: 3,
    spent_minor: 1250,
    loyal: true,
    loyal_since: '2026-11-20T10:00:00.000Z',
    first_sold_at: '2026-11-03T09:12:00.000Z',
    last_sold_at: '2026-11-20T10:00:00.000Z',
  },
};
