import { idempotencyKey, purchaseRequest } from '@tillstream/schemas/api';
import { ProblemError, problemResponse, unavailable } from '$lib/server/api/problems.ts';
import { askPosApi } from '$lib/server/pos-api.ts';
import { cashierOf } from '$lib/server/till/cashier.ts';
import type { RequestEvent } from './$types';

const LONGEST_BODY = 100_000;

/**
 * `POST /till/purchases`: a sale of a till, passed on to the POS API with the cashier who is signed in; its answer comes back as it
 * is.
 */
export const POST = async (event: RequestEvent) => {
  const { request, url } = event;
  const refuse = (status: number, title: string, detail: string) =>
    problemResponse({ kind: 'bad-parameter', status, title, detail }, url.pathname);
  // A form of another site can send neither this media type nor this header without asking first.
  if (!request.headers.get('content-type')?.startsWith('application/json')) {
    return refuse(415, 'Unsupported media type', 'Send application/json.');
  }
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin')
    return refuse(400, 'Not from here', 'Sales come from the till of this site.');
  const key = idempotencyKey.safeParse(request.headers.get('idempotency-key'));
  if (!key.success) return refuse(400, 'No idempotency key', 'Send an Idempotency-Key.');
  const text = await request.text();
  if (text.length > LONGEST_BODY) return refuse(413, 'Too large', 'A sale is smaller than that.');
  const body = purchaseRequest.safeParse(json(text));
  if (!body.success) return refuse(422, 'Not a sale', body.error.issues.map(({ message }) => message).join('; '));
  const sale = body.data;
  try {
    const cashier = await cashierOf(event, { branch_id: sale.branch_id, at: sale.sold_at, claimed: sale.cashier });
    const response = await askPosApi('/v1/purchases', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key.data },
      body: JSON.stringify({ ...(json(text) as object), cashier }),
    });
    return new Response(await response.text(), {
      status: response.status,
      headers: {
        'content-type': response.headers.get('content-type') ?? 'application/json',
        'cache-control': 'no-store',
      },
    });
  } catch (error) {
    return problemResponse((error instanceof ProblemError ? error : unavailable()).problem, url.pathname);
  }
};

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
