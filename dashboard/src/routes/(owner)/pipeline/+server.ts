import { pipelinePage } from '$lib/server/pages/pipeline.ts';

export const { GET } = pipelinePage;
