import { customersPage } from '$lib/server/pages/customers.ts';

export const { GET } = customersPage;
