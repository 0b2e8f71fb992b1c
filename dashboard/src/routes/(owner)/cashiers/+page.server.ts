import { cashiersPage } from '$lib/server/pages/cashiers.ts';

export const { load } = cashiersPage;
