import { answer } from '$lib/server/answer.ts';
import { healthOf } from '$lib/server/pipeline/health.ts';
import { readChangeMark } from '$lib/server/questions/changes.ts';

/** `GET /api/health`: answers 200 whatever it has to tell. */
export const GET = answer(async ({ app }) => {
  const [mark, pipeline] = await Promise.allSettled([
    readChangeMark(app.clickhouse, AbortSignal.timeout(3_000)),
    app.pipeline.read(),
  ]);
  return healthOf(
    {
      clickhouse: mark.status === 'fulfilled',
      pipeline: pipeline.status === 'fulfilled' ? pipeline.value : app.pipeline.latest(),
      hasBroker: app.hasBroker,
    },
    Date.now(),
  );
});
