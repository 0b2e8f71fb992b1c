import { purchaseRequest, purchasesResponse } from '@tillstream/schemas/api';
import { passOn } from '$lib/server/till/pass-on.ts';
import type { RequestHandler } from './$types';

/** `GET /till/purchases?receipt_number=…`: the purchases with this number, for a return. A till need not know whose they were. */
export const GET: RequestHandler = async (event) => {
  const response = await passOn(event, { path: `/v1/purchases${event.url.search}` });
  if (!response.ok) return response;
  const { purchases } = purchasesResponse.parse(await response.json());
  const found = purchases.map((purchase) => ({ ...purchase, customer_id: null, customer: null }));
  return Response.json({ purchases: found }, { headers: { 'cache-control': 'no-store' } });
};

/** `POST /till/purchases`: a sale of a till, with the cashier who was signed in. */
export const POST: RequestHandler = (event) =>
  passOn(event, {
    path: '/v1/purchases',
    body: purchaseRequest,
    withKey: true,
    by: ({ branch_id, sold_at, cashier }) => ({ branch_id, at: sold_at, claimed: cashier }),
  });
