import { productsPage } from '$lib/server/pages/products.ts';

export const { load } = productsPage;
