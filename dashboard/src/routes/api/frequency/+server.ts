import { figures, requireBranch } from '$lib/server/api/answer.ts';
import { unavailable } from '$lib/server/api/problems.ts';
import { customerParts } from '$lib/server/pages/customers.ts';

/** `GET /api/frequency?branch=&format=json|csv|parquet`: how many customers have bought how often; `read_at` tells its age. */
export const GET = figures('frequency', async (ask) => {
  const branch = ask.parameters.read('branch', (text) => text, 'a branch');
  ask.parameters.check();
  await requireBranch(ask, branch);
  const { value, readAt } = await customerParts.frequency('', { period: 'all', branch, compare: 'none' });
  if (value === undefined) throw unavailable();
  return {
    as_of: value.as_of,
    read_at: new Date(readAt).toISOString(),
    rows: value.rows,
  };
});
