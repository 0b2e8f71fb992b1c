import { productPage } from '$lib/server/pages/product.ts';

export const { GET } = productPage;
