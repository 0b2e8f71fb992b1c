import type { RequestEvent } from '@sveltejs/kit';
import { idempotencyKey } from '@tillstream/schemas/api';
import { z } from 'zod';
import { ProblemError, problemResponse, unavailable } from '../api/problems.ts';
import { askPosApi } from '../pos-api.ts';
import { cashierOf } from './cashier.ts';

const LONGEST_BODY = 100_000;

/** What is asked of the POS API on behalf of a till of this site. */
interface Question<S extends z.ZodType> {
  /** Where it is asked. */
  path: string;
  /** What the body must be; absent: there is none. */
  body?: S;
  /** Whether an `Idempotency-Key` has to come with it. */
  withKey?: true;
  /** Where and when it was done, and whom the till names: the body goes on with the cashier who was signed in then. */
  by?: (body: z.output<S>) => Parameters<typeof cashierOf>[1];
}

/** Passes on what a till asks; the POS API's answer comes back as it is. */
export const passOn = async <S extends z.ZodType>(
  event: RequestEvent,
  { path, body, withKey, by }: Question<S>,
): Promise<Response> => {
  const { request, url } = event;
  const refuse = (status: number, title: string, detail: string) =>
    problemResponse({ kind: 'bad-parameter', status, title, detail }, url.pathname);
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') {
    return refuse(400, 'Not from here', 'This is for the till of this site.');
  }
  const headers: Record<string, string> = {};
  let text: string | undefined;
  let done: Parameters<typeof cashierOf>[1] | undefined;
  if (body !== undefined) {
    // A form of another site can send this media type only after asking.
    if (!request.headers.get('content-type')?.startsWith('application/json')) {
      return refuse(415, 'Unsupported media type', 'Send application/json.');
    }
    headers['content-type'] = 'application/json';
    text = await request.text();
    if (text.length > LONGEST_BODY) return refuse(413, 'Too large', 'The body is longer than 100 kB.');
    const parsed = body.safeParse(json(text));
    if (!parsed.success) {
      return refuse(422, 'Not valid', parsed.error.issues.map(({ message }) => message).join('; '));
    }
    done = by?.(parsed.data);
  }
  if (withKey) {
    const key = idempotencyKey.safeParse(request.headers.get('idempotency-key'));
    if (!key.success) return refuse(400, 'No idempotency key', 'Send an Idempotency-Key.');
    headers['idempotency-key'] = key.data;
  }
  try {
    if (done !== undefined)
      text = JSON.stringify({ ...(json(text ?? '') as object), cashier: await cashierOf(event, done) });
    const response = await askPosApi(path, {
      method: request.method,
      headers,
      ...(text !== undefined && { body: text }),
    });
    if (response.status === 401) {
      // Not the cashier's login: nobody at the till can mend it.
      const detail = 'The dashboard has no valid API key for the till: see POS_API_KEY.';
      return problemResponse({ ...unavailable().problem, detail }, url.pathname);
    }
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

/** The place of a purchase in the POS API; undefined when the id is none. */
export const purchasePath = (id: string): string | undefined =>
  z.guid().safeParse(id).success ? `/v1/purchases/${id}` : undefined;

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
