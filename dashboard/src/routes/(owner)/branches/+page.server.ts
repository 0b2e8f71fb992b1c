import { branchesPage } from '$lib/server/pages/branches.ts';

export const { load } = branchesPage;
