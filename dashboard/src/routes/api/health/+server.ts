import { answer } from '$lib/server/api/answer.ts';
import { healthOf } from '$lib/server/pipeline/health.ts';
import { readSealer } from '$lib/server/questions/pipeline/sealer.ts';

/** `GET /api/health`: answers 200 whatever it has to tell. */
export const GET = answer(async ({ app }) => {
  const [sealer, pipeline, warnings] = await Promise.allSettled([
    readSealer(app.clickhouse, app.gold.clock, AbortSignal.timeout(3_000)),
    app.pipeline.read(),
    app.warnings(),
  ]);
  const clickhouse = sealer.status === 'fulfilled';
  const known = pipeline.status === 'fulfilled' ? pipeline.value : app.pipeline.latest();
  return healthOf(
    {
      clickhouse,
      pipeline: { ...known, sealer: clickhouse ? sealer.value : null },
      warnings: warnings.status === 'fulfilled' ? warnings.value : { quarantined_lately: null, strangers: null },
      hasBroker: app.hasBroker,
    },
    Date.now(),
  );
});
