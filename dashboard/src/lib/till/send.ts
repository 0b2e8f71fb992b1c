import { problem, purchaseResponse } from '@tillstream/schemas/api';
import type { QueuedSale, Sent } from './queue.ts';

const TIMEOUT_MS = 10_000;

/** Posts a sale through the dashboard's server and reads what became of it. Never fails. */
export const sendSale = async ({ key, body, sign_in }: QueuedSale, post: typeof fetch = fetch): Promise<Sent> => {
  try {
    const response = await post('/till/purchases', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        ...(sign_in && { 'till-sign-in': sign_in }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return { kind: 'recorded', receipt: purchaseResponse.parse(await response.json()) };
    if (response.status >= 500 || [401, 403, 408, 429].includes(response.status)) return { kind: 'later' };
    const said = problem.safeParse(await response.json().catch(() => undefined));
    const faults = said.data?.errors?.map(({ detail }) => detail).join('; ');
    return { kind: 'refused', reason: faults || said.data?.detail || said.data?.title || `${response.status}` };
  } catch {
    return { kind: 'later' };
  }
};
