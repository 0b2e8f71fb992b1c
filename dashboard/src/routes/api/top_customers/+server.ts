import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { unavailable } from '$lib/server/api/problems.ts';
import { customerParts } from '$lib/server/pages/customers.ts';

/** `GET /api/top_customers?branch=&format=json|csv|parquet`: who spent most, under a pseudonym; `read_at` tells its age. */
export const GET = figures('top_customers', async (ask) => {
  const branch = ask.parameters.read('branch', (text) => text, 'a branch');
  ask.parameters.check();
  await requireBranch(ask, branch);
  const { value, readAt } = await customerParts.top('', { period: 'all', branch, compare: 'none' });
  if (value === undefined) throw unavailable();
  return {
    as_of: value.as_of,
    read_at: new Date(readAt).toISOString(),
    customers: value.customers,
  };
});
