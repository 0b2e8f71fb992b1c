import type { Scope } from '@tillstream/schemas/api';
import * as api from '@tillstream/schemas/api';
import { OWN_VOID_HOURS } from '@tillstream/schemas/api';
import type { z } from 'zod';
import type { ProblemKind } from '../http/problems.ts';

/** The bodies by the names that they have in the OpenAPI document. */
export const SCHEMAS = {
  PurchaseRequest: api.purchaseRequest,
  VoidRequest: api.voidRequest,
  ReturnRequest: api.returnRequest,
  Purchase: api.purchaseResponse,
  Purchases: api.purchasesResponse,
  StoredPurchase: api.storedPurchaseResponse,
  Return: api.returnResponse,
  Products: api.productsResponse,
  Product: api.productResponse,
  NewProduct: api.newProduct,
  ProductChange: api.productChange,
  NewPrice: api.newPrice,
  Branches: api.branchesResponse,
  Branch: api.branchResponse,
  NewBranch: api.newBranch,
  BranchChange: api.branchChange,
  NewTill: api.newTill,
  Till: api.tillResponse,
  Customer: api.customerResponse,
  State: api.stateResponse,
  Problem: api.problem,
} as const satisfies Record<string, z.ZodType>;

export type SchemaName = keyof typeof SCHEMAS;

interface Answer {
  schema: SchemaName;
  description: string;
  /** Operations that take an id which stands in the body under this name. */
  links?: { id: string; operations: readonly string[] };
}

/** What can be asked of the API: the server makes its routes from this, and the OpenAPI document says the same. */
export interface Operation {
  method: 'get' | 'post' | 'patch';
  /** As OpenAPI writes it; each parameter is an id. */
  path: `/${string}`;
  tag: 'Purchases' | 'Catalog' | 'Customers' | 'State';
  summary: string;
  description?: string;
  /** What the caller's key must be for (one of several is enough); absent: anybody may. */
  scope?: Scope | readonly Scope[];
  idempotencyKey?: true;
  /** Its fields are the parameters of the query. */
  query?: z.ZodObject;
  body?: SchemaName;
  /** The body may be absent or empty. */
  bodyOptional?: true;
  /** Good answers, and those that are no problem documents. */
  answers: Partial<Record<number, Answer>>;
  /** Besides those that come with a scope or a body. */
  problems?: readonly ProblemKind[];
}

export const OPERATIONS = {
  recordPurchase: {
    method: 'post',
    path: '/v1/purchases',
    tag: 'Purchases',
    summary: 'Record a purchase',
    description:
      'Safe to repeat: the same Idempotency-Key with the same JSON is recorded once and answered the same, for ever, then with the header Idempotent-Replayed. After a timeout or a 503 send it again with the same key.',
    scope: 'post',
    idempotencyKey: true,
    body: 'PurchaseRequest',
    answers: {
      201: {
        schema: 'Purchase',
        description: 'Recorded, now or before.',
        links: { id: 'purchase_id', operations: ['getPurchase', 'returnPurchase', 'voidPurchase'] },
      },
    },
    problems: ['no-idempotency-key', 'invalid-purchase', 'key-reused', 'overloaded'],
  },
  findPurchases: {
    method: 'get',
    path: '/v1/purchases',
    tag: 'Purchases',
    summary: 'Find purchases by the number of their receipt',
    description:
      'For a return, which may be in another branch than the sale. A key of one branch finds what others sold, too, but not to whom.',
    scope: 'read',
    query: api.purchaseQuery,
    answers: { 200: { schema: 'Purchases', description: 'The purchases with this number; none is an empty list.' } },
  },
  getPurchase: {
    method: 'get',
    path: '/v1/purchases/{purchase_id}',
    tag: 'Purchases',
    summary: 'Look a purchase up',
    scope: 'read',
    answers: { 200: { schema: 'StoredPurchase', description: 'The purchase.' } },
    problems: ['not-found'],
  },
  voidPurchase: {
    method: 'post',
    path: '/v1/purchases/{purchase_id}/void',
    tag: 'Purchases',
    summary: 'Void a purchase',
    description: `Takes all of it out of every figure. Safe to repeat without a key; the first reason stays. With the scope post a key voids what it recorded in the last ${OWN_VOID_HOURS} hours; others need the scope void.`,
    scope: ['post', 'void'],
    body: 'VoidRequest',
    bodyOptional: true,
    answers: { 200: { schema: 'StoredPurchase', description: 'The purchase is void, now or before.' } },
    problems: ['not-found', 'invalid-content', 'returned'],
  },
  returnPurchase: {
    method: 'post',
    path: '/v1/purchases/{purchase_id}/returns',
    tag: 'Purchases',
    summary: 'Take back part or all of a purchase',
    description:
      'Gives back what was paid for it, discounts taken off. At any time and in any branch, never more than was bought and not yet returned. Safe to repeat with the same Idempotency-Key, as a purchase is.',
    scope: ['post', 'void'],
    idempotencyKey: true,
    body: 'ReturnRequest',
    answers: { 201: { schema: 'Return', description: 'Returned, now or before.' } },
    problems: ['no-idempotency-key', 'not-found', 'invalid-content', 'voided', 'key-reused'],
  },
  getProducts: {
    method: 'get',
    path: '/v1/products',
    tag: 'Catalog',
    summary: 'List the products',
    scope: 'read',
    answers: {
      200: { schema: 'Products', description: 'All products, retired ones included, at their present prices.' },
    },
  },
  postProduct: {
    method: 'post',
    path: '/v1/products',
    tag: 'Catalog',
    summary: 'Add a product',
    description: 'Without product_id it is the name in lower case with - for spaces.',
    scope: 'admin',
    body: 'NewProduct',
    answers: {
      200: { schema: 'Product', description: 'It was there already, just so.' },
      201: { schema: 'Product', description: 'Added.' },
    },
    problems: ['exists', 'invalid-content'],
  },
  getProduct: {
    method: 'get',
    path: '/v1/products/{product_id}',
    tag: 'Catalog',
    summary: 'Look a product up, with its prices',
    scope: 'read',
    answers: { 200: { schema: 'Product', description: 'The product and what it cost from when on.' } },
    problems: ['not-found'],
  },
  patchProduct: {
    method: 'patch',
    path: '/v1/products/{product_id}',
    tag: 'Catalog',
    summary: 'Change or retire a product',
    description: 'A retired product is still charged for sales from before, which a till may send later.',
    scope: 'admin',
    body: 'ProductChange',
    answers: { 200: { schema: 'Product', description: 'The product as it is now.' } },
    problems: ['not-found', 'exists', 'invalid-content'],
  },
  postPrice: {
    method: 'post',
    path: '/v1/products/{product_id}/prices',
    tag: 'Catalog',
    summary: 'Set the price from a moment on',
    description:
      'A sale is charged what the product cost when it was sold. Recorded purchases keep what they were charged.',
    scope: 'admin',
    body: 'NewPrice',
    answers: { 200: { schema: 'Product', description: 'The product and all its prices.' } },
    problems: ['not-found', 'invalid-content'],
  },
  getBranches: {
    method: 'get',
    path: '/v1/branches',
    tag: 'Catalog',
    summary: 'List the branches',
    scope: 'read',
    answers: { 200: { schema: 'Branches', description: 'All branches.' } },
  },
  postBranch: {
    method: 'post',
    path: '/v1/branches',
    tag: 'Catalog',
    summary: 'Add a branch',
    scope: 'admin',
    body: 'NewBranch',
    answers: {
      200: { schema: 'Branch', description: 'It was there already, just so.' },
      201: { schema: 'Branch', description: 'Added.' },
    },
    problems: ['exists', 'invalid-content'],
  },
  patchBranch: {
    method: 'patch',
    path: '/v1/branches/{branch_id}',
    tag: 'Catalog',
    summary: 'Rename a branch',
    scope: 'admin',
    body: 'BranchChange',
    answers: { 200: { schema: 'Branch', description: 'The branch as it is now.' } },
    problems: ['not-found', 'invalid-content'],
  },
  registerTill: {
    method: 'post',
    path: '/v1/branches/{branch_id}/tills',
    tag: 'Catalog',
    summary: 'Give a device its till number',
    description:
      'Counts up in each branch. The same device gets the same number again; a number is never given to another device.',
    scope: 'post',
    body: 'NewTill',
    answers: {
      200: { schema: 'Till', description: 'The device had its number already.' },
      201: { schema: 'Till', description: 'The device has a number now.' },
    },
    problems: ['not-found', 'invalid-content'],
  },
  getCustomer: {
    method: 'get',
    path: '/v1/customers/{customer_id}',
    tag: 'Customers',
    summary: 'Look a customer up',
    scope: 'read',
    answers: {
      200: { schema: 'Customer', description: 'Totals over the chain, or over the branch that the key is for.' },
    },
    problems: ['not-found'],
  },
  getHealth: {
    method: 'get',
    path: '/healthz',
    tag: 'State',
    summary: 'Is it alive?',
    answers: { 200: { schema: 'State', description: 'The process is alive.' } },
  },
  getReadiness: {
    method: 'get',
    path: '/readyz',
    tag: 'State',
    summary: 'Can it take purchases?',
    answers: {
      200: { schema: 'State', description: 'It can.' },
      503: { schema: 'State', description: 'It cannot: stopping, no database, a read-only database, or overloaded.' },
    },
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

const WITH_SCOPE = [
  'malformed',
  'unauthenticated',
  'forbidden',
  'too-many-requests',
  'unavailable',
  'stopping',
  'internal',
] as const;
const WITH_BODY = ['too-large', 'media-type'] as const;

/** Every problem that an operation may answer with. */
export const problemsOf = (operation: Operation): ProblemKind[] => [
  'foreign',
  ...(operation.problems ?? []),
  ...(operation.scope ? WITH_SCOPE : []),
  ...(operation.body ? WITH_BODY : []),
];
