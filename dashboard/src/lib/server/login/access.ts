import type { Who } from './who.ts';

/**
 * Who may reach a route:
 * - `open`: everybody, logged in or not; it shows no figure
 * - `till`: whoever may sell, in their branches
 * - `branch`: the owner, and managers with a `branch` of theirs: each such route asks about that branch alone
 * - `branches`: the same without a `branch`: the route itself leaves out the branches of others
 * - `owner`: nobody but the owner
 */
export type Access = 'open' | 'till' | 'branch' | 'branches' | 'owner';

/** Every route of the dashboard by its id. One that is not here is the owner's alone, and fails the test beside this file. */
export const ACCESS: Readonly<Record<string, Access>> = {
  '/healthz': 'open',
  '/login': 'open',

  '/till': 'till',
  '/till/catalog': 'till',
  '/till/branches/[branch]/tills': 'till',
  '/till/purchases': 'till',
  '/till/purchases/[purchase]/returns': 'till',
  '/till/purchases/[purchase]/void': 'till',
  '/till/sign-in': 'till',

  '/(owner)': 'branch',
  '/(owner)/branches': 'branch',
  '/(owner)/cashiers': 'branch',
  '/(owner)/customers': 'branch',
  '/(owner)/products': 'branch',
  '/(owner)/products/[id]': 'branch',
  '/(owner)/audit': 'owner',
  '/(owner)/audit/csv': 'owner',
  '/(owner)/pipeline': 'owner',
  '/(owner)/users': 'owner',

  '/api/[...path]': 'owner',
  '/api/aggregated_sales': 'branch',
  '/api/branch_sales': 'branches',
  '/api/breakdown': 'branch',
  '/api/breakdown_series': 'branch',
  '/api/frequency': 'branch',
  '/api/health': 'owner',
  '/api/hourly_sales': 'branch',
  '/api/kpis': 'branch',
  '/api/live': 'branch',
  '/api/loyal_customers': 'branch',
  '/api/product_ranking': 'branch',
  '/api/product_sales': 'branch',
  '/api/reconciliation': 'owner',
  '/api/retention': 'branch',
  '/api/series': 'branch',
  '/api/top_customers': 'branch',
  '/api/top_products': 'branch',
  '/api/week_grid': 'branch',
};

/** Who may reach a route; `null`: there is none at this address. */
export const accessOf = (route: string | null): Access => ACCESS[route ?? ''] ?? 'owner';

/** What somebody's request for a route comes to. */
export type Reach =
  | 'go'
  /** Not with this role. */
  | 'forbidden'
  /** There is no such branch, as far as they may know. */
  | 'unknown-branch'
  /** It is about the one branch that they have: it is to be asked for. */
  | { branch: string }
  /** They have several and must say which. */
  | { oneOf: readonly string[] };

/**
 * What becomes of a request.
 *
 * @param asked the values of the parameter `branch`, as often as it is given
 */
export const reach = ({ role, branches }: Who, access: Access, asked: readonly string[]): Reach => {
  if (access === 'open' || role === 'owner' || role === 'program') return 'go';
  if (access === 'till') return 'go';
  if (role !== 'manager' || branches === undefined || access === 'owner') return 'forbidden';
  const named = asked.filter((branch) => branch !== '');
  const unknown = named.find((branch) => !branches.includes(branch));
  if (unknown !== undefined) return 'unknown-branch';
  if (access === 'branches' || named.length > 0) return 'go';
  const [only, ...others] = branches;
  return only !== undefined && others.length === 0 ? { branch: only } : { oneOf: branches };
};
