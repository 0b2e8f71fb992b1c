import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { unavailable } from '$lib/server/api/problems.ts';
import { customerParts } from '$lib/server/pages/customers.ts';

/**
 * `GET /api/retention?branch=&format=json|csv|parquet`: customers by month of first purchase who bought in a later month; `read_at`
 * tells its age.
 */
export const GET = figures('retention', async (ask) => {
  const branch = ask.parameters.read('branch', (text) => text, 'a branch');
  ask.parameters.check();
  await requireBranch(ask, branch);
  const { value, readAt } = await customerParts.retention('', { period: 'all', branch, compare: 'none' });
  if (value === undefined) throw unavailable();
  return {
    as_of: value.as_of,
    read_at: new Date(readAt).toISOString(),
    rows: value.cohorts.flatMap(({ month, customers }) =>
      customers.map((count, months_after) => ({ first_purchase: month, months_after, customers: count })),
    ),
  };
});
