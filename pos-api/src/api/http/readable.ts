import { MAX_ITEMS } from '@tillstream/schemas/api';
import { z } from 'zod';

/** Text that Postgres can be asked about. */
export const readableText = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u);

/** Cuts a list of items that is too long right behind the limit: enough to be refused, without looking at all of it. */
export const bounded = (body: unknown): unknown => {
  if (typeof body !== 'object' || body === null || !('items' in body)) return body;
  const { items } = body;
  return Array.isArray(items) && items.length > MAX_ITEMS ? { ...body, items: items.slice(0, MAX_ITEMS + 1) } : body;
};

/** Tells whether something at a place of a body, in it or around it could not be read. */
export const unreadableIn = ({ issues }: z.ZodError) => {
  const places = issues.filter(({ code }) => code !== 'unrecognized_keys').map(({ path }) => path.map(String));
  return (...place: string[]): boolean =>
    places.some((path) => place.every((part, index) => path.length <= index || path[index] === part));
};
