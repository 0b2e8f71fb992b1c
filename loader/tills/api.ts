import { setTimeout as sleep } from 'node:timers/promises';
import { limited } from '@tillstream/schemas/http/limited';
import { UNITS } from '@tillstream/schemas/values/choices';
import { z } from 'zod';
import type { Article } from '../generate/demo/assortment.ts';

const REQUEST_MS = 5_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

const products = z.object({
  products: z.array(
    z.object({
      product_id: z.string(),
      active: z.boolean(),
      unit: z.enum(UNITS),
      unit_price_minor: z.number(),
    }),
  ),
});
const branches = z.object({ branches: z.array(z.object({ branch_id: z.string() })) });
const problem = z.object({ title: z.string().optional(), detail: z.string().optional() });

/** A product as a till sells it. */
export type TillProduct = Pick<Article, 'product_id' | 'unit' | 'unit_price_minor'>;

/** A final answer of the API: whatever a till would not ask again for. */
export interface Answer {
  status: number;
  body: unknown;
  replayed: boolean;
  /** Of the attempt that succeeded, in milliseconds. */
  latency: number;
}

/** The POS API as a till sees it. */
export interface TillApi {
  products(signal: AbortSignal): Promise<TillProduct[]>;
  branches(signal: AbortSignal): Promise<string[]>;
  /**
   * Posts until there is a final answer: a timeout, 429, 5xx or no connection is tried again, with the same key, after a
   * wait that doubles each time and is never the same for two tills. Throws only when the signal stops it.
   */
  post(path: string, body: unknown, key: string | undefined, onRetry: () => void, signal: AbortSignal): Promise<Answer>;
}

/** What a refusal says, in one line. */
export const problemText = ({ status, body }: Answer): string => {
  const parsed = problem.safeParse(body);
  const text = parsed.success ? (parsed.data.detail ?? parsed.data.title) : undefined;
  return `${status}${text === undefined ? '' : ` ${text}`}`;
};

/** The milliseconds that a 429 or 503 asks to wait; 0 when it does not say. */
const askedWait = (response: Response): number => {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1000, LONGEST_WAIT_MS) : 0;
};

const parsedOrText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** The POS API at a URL; `apiKey` is sent where keys are on. */
export const tillApi = (url: string, apiKey: string | undefined): TillApi => {
  const authorization: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const get = <S extends z.ZodType>(path: string, shape: S, signal: AbortSignal): Promise<z.output<S>> =>
    limited(REQUEST_MS, signal, async (limit) => {
      const response = await fetch(new URL(path, url), { headers: authorization, signal: limit });
      if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
      return shape.parse(await response.json());
    });

  return {
    products: async (signal) =>
      (await get('/v1/products', products, signal)).products
        .filter((each) => each.active)
        .map(({ product_id, unit, unit_price_minor }) => ({ product_id, unit, unit_price_minor })),
    branches: async (signal) => (await get('/v1/branches', branches, signal)).branches.map((each) => each.branch_id),
    async post(path, body, key, onRetry, signal) {
      for (let attempt = 0; ; attempt++) {
        let wait = 0;
        const sent = performance.now();
        try {
          const { response, text } = await limited(REQUEST_MS, signal, async (limit) => {
            const answer = await fetch(new URL(path, url), {
              method: 'POST',
              headers: {
                ...authorization,
                'content-type': 'application/json',
                ...(key === undefined ? {} : { 'idempotency-key': key }),
              },
              body: JSON.stringify(body),
              signal: limit,
            });
            return { response: answer, text: await answer.text() };
          });
          if (response.status < 500 && response.status !== 429) {
            return {
              status: response.status,
              body: parsedOrText(text),
              replayed: response.headers.get('idempotent-replayed') === 'true',
              latency: performance.now() - sent,
            };
          }
          wait = askedWait(response);
        } catch (error) {
          if (signal.aborted) throw error;
        }
        onRetry();
        const backoff = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
        await sleep(Math.max(wait, backoff), undefined, { signal });
      }
    },
  };
};
