import { answer, requireBranch } from '$lib/server/answer.ts';
import { readKpis } from '$lib/server/questions/kpis.ts';

/** `GET /api/kpis?branch=&from=&to=` */
export const GET = answer(async (ask) => {
  const scope = ask.parameters.scope(ask.app.calendar);
  ask.parameters.check();
  await requireBranch(ask, scope.branch);
  return readKpis(ask.app.clickhouse, scope, ask.app.loyalThreshold, ask.signal);
});
