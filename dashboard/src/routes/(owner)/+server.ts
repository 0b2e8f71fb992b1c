import { overviewPage } from '$lib/server/pages/overview.ts';

export const { GET } = overviewPage;
