import { v5 } from 'uuid';

/** Namespace of the UUIDs that stand for customer ids which are no UUIDs. Never changes: the same card is the same customer. */
const NAMESPACE = '6d1b9a54-0c1e-5c0b-9f0e-7a5a3f1c2d84';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ZERO = '00000000-0000-0000-0000-000000000000';

/** Characters of a customer id at most. */
export const MAX_CUSTOMER_ID = 64;

/**
 * The customer that an id from a till or a file means: a UUID is one, any other text becomes its UUIDv5. Null for no customer,
 * which tills write as nothing, as spaces or as the zero UUID.
 */
export const customerIdOf = (given: string): string | null => {
  const text = given.trim();
  const lower = text.toLowerCase();
  if (text === '' || lower === ZERO) return null;
  return UUID.test(lower) ? lower : v5(text, NAMESPACE);
};
