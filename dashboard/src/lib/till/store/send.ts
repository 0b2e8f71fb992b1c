import { problem } from '@tillstream/schemas/api';
import type { z } from 'zod';

/** What became of something that was sent. */
export type Sent<T> =
  | { kind: 'done'; body: T }
  /** It will not be taken as it is. */
  | { kind: 'refused'; reason: string }
  /** No answer, or one that passes: the same is sent again, with the same key. `onlyThis`: the rest need not wait for it. */
  | { kind: 'later'; reason?: string; loggedOut?: true; signedOut?: true; onlyThis?: true };

/** With which header a sale says under which sign-in of a cashier it was made. */
const SIGN_IN_HEADER = 'till-sign-in';

const TIMEOUT_MS = 10_000;
const PASSES = [408, 425, 429];

/** Asks the till's own server, which asks the POS API; reads what became of it. Never fails. */
export const send = async <S extends z.ZodType>(
  path: string,
  answer: S,
  {
    body,
    key,
    signIn,
    method = body === undefined ? 'GET' : 'POST',
    ask = fetch,
  }: { body?: unknown; key?: string; signIn?: string; method?: 'GET' | 'POST' | 'DELETE'; ask?: typeof fetch } = {},
): Promise<Sent<z.output<S>>> => {
  try {
    const response = await ask(path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(signIn !== undefined && { [SIGN_IN_HEADER]: signIn }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    if (response.ok) return { kind: 'done', body: answer.parse(await response.json()) };
    const said = problem.safeParse(await response.json().catch(() => undefined)).data;
    const faults = said?.errors?.map(({ detail }) => detail).join('; ');
    const reason = faults || said?.detail || said?.title || `${status}`;
    if (status === 401) {
      return said?.type.endsWith(':sign-in')
        ? { kind: 'later', signedOut: true, reason }
        : { kind: 'later', loggedOut: true };
    }
    if (status >= 500 || PASSES.includes(status)) {
      return { kind: 'later', reason, ...(status === 500 && { onlyThis: true as const }) };
    }
    // A 403 that says nothing comes from something in between.
    if (status === 403 && said === undefined) return { kind: 'later', reason };
    return { kind: 'refused', reason };
  } catch {
    return { kind: 'later' };
  }
};
