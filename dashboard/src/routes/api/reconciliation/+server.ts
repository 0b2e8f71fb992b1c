import { latestReconciliation } from '@tillstream/reconciler/report/latest';
import { answer } from '$lib/server/api/answer.ts';

/** `GET /api/reconciliation`: the newest comparison of Postgres with ClickHouse. */
export const GET = answer(({ app, signal }) => latestReconciliation(app.clickhouse, signal));
