import { answer } from '$lib/server/answer.ts';
import { healthOf } from '$lib/server/pipeline/health.ts';
import { readChangeMark } from '$lib/server/questions/changes.ts';

/** `GET /api/health`: answers 200 whatever it has to tell. */
export const GET = answer(async ({ app }) => {
  const [mark, pipeline, warnings] = await Promise.allSettled([
    readChangeMark(app.clickhouse, AbortSignal.timeout(3_000)),
    app.pipeline.read(),
    app.warnings(),
  ]);
  return healthOf(
    {
      clickhouse: mark.status === 'fulfilled',
      pipeline: pipeline.status === 'fulfilled' ? pipeline.value : app.pipeline.latest(),
      warnings: warnings.status === 'fulfilled' ? warnings.value : { quarantined_lately: null, strangers: null },
      hasBroker: app.hasBroker,
    },
    Date.now(),
  );
});
