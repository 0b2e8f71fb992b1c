import { readKpis } from '@tillstream/clickhouse/questions/figures/kpis';
import { figures, requireBranch } from '$lib/server/api/answer.ts';

/** `GET /api/kpis?branch=&from=&to=` */
export const GET = figures('kpis', async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readKpis(ask.app.gold, scope, ask.app.loyalThreshold, { signal: ask.signal });
});
