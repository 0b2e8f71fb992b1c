import { productsPage } from '$lib/server/pages/products.ts';

export const { GET } = productsPage;
