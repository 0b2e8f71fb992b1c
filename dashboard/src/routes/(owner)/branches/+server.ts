import { branchesPage } from '$lib/server/pages/branches.ts';

export const { GET } = branchesPage;
