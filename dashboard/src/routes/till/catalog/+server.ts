import { branchesResponse, productsResponse } from '@tillstream/schemas/api';
import { problemResponse, unavailable } from '$lib/server/api/problems.ts';
import { hasBranch } from '$lib/server/login/who.ts';
import { askPosApi } from '$lib/server/pos-api.ts';
import { getSettings } from '$lib/server/settings.ts';
import type { RequestEvent } from './$types';

/** `GET /till/catalog`: what a till can sell and where (the branches of who is logged in), how much of it, and the server's clock. */
export const GET = async ({ url, locals }: RequestEvent) => {
  try {
    const [products, branches] = await Promise.all(
      ['/v1/products', '/v1/branches'].map(async (path) => {
        const response = await askPosApi(path);
        if (!response.ok) throw new Error(`${path} answers ${response.status}`);
        return response.json();
      }),
    );
    return Response.json(
      {
        products: productsResponse.parse(products).products.filter(({ active }) => active),
        branches: branchesResponse
          .parse(branches)
          .branches.filter(({ branch_id }) => locals.who !== undefined && hasBranch(locals.who, branch_id)),
        max_quantity: getSettings().MAX_QUANTITY_PER_PRODUCT,
        server_time: new Date().toISOString(),
      },
      { headers: { 'cache-control': 'no-store' } },
    );
  } catch {
    return problemResponse(unavailable().problem, url.pathname);
  }
};
