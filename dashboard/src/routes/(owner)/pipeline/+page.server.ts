import { pipelinePage } from '$lib/server/pages/pipeline.ts';

export const { load } = pipelinePage;
