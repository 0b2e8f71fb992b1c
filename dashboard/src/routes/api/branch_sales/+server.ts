import { readBranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import { figures } from '$lib/server/api/answer.ts';

/** `GET /api/branch_sales?from=&to=&format=json|csv|parquet`: branches side by side; customers do not add up over them. */
export const GET = figures('branch_sales', async ({ app, parameters, branches: theirs, signal }) => {
  const { from, to } = parameters.scope(app.calendar);
  parameters.check();
  const { as_of, branches } = await readBranchSales(app.gold, { from, to }, undefined, signal);
  return {
    as_of,
    branches: branches
      .filter(({ branch_id }) => theirs?.includes(branch_id) ?? true)
      .map(({ purchases_before: _, revenue_before_minor: __, ...sold }) => sold),
  };
});
