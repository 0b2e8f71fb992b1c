import { answer } from '$lib/server/api/answer.ts';
import { healthOf } from '$lib/server/pipeline/health.ts';
import { readSealer } from '$lib/server/questions/pipeline/sealer.ts';

/** `GET /api/health`: answers 200 whatever it has to tell. */
export const GET = answer(async ({ app }) => {
  const [sealer, pipeline] = await Promise.all([
    readSealer(app.clickhouse, app.gold.clock, AbortSignal.timeout(3_000)).catch(() => null),
    app.pipeline.read(),
  ]);
  const clickhouse = sealer !== null;
  return healthOf({ clickhouse, pipeline: { ...pipeline, sealer }, hasBroker: app.hasBroker }, Date.now());
});
