import { idempotencyKey, purchaseRequest } from '@tillstream/schemas/api';
import { problemResponse, unavailable } from '$lib/server/api/problems.ts';
import { askPosApi } from '$lib/server/pos-api.ts';

const LONGEST_BODY = 100_000;

/** `POST /till/purchases`: a sale of a till, passed on to the POS API as it is; its answer comes back as it is. */
export const POST = async ({ request, url }: { request: Request; url: URL }) => {
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
  try {
    const response = await askPosApi('/v1/purchases', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key.data },
      body: text,
    });
    return new Response(await response.text(), {
      status: response.status,
      headers: {
        'content-type': response.headers.get('content-type') ?? 'application/json',
        'cache-control': 'no-store',
      },
    });
  } catch {
    return problemResponse(unavailable().problem, url.pathname);
  }
};

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
