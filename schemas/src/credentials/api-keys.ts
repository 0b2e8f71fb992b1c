import { createHash } from 'node:crypto';

/** `ts_<id>_<secret>`: the prefix lets scanners find keys that were committed by mistake. */
const KEY_FORMAT = /^ts_([a-z0-9]{12})_[A-Za-z0-9_-]{43}$/;

/** The id in a key; undefined when the text is no key. */
export const keyIdOf = (key: string): string | undefined => KEY_FORMAT.exec(key)?.[1];

/**
 * What is stored of a key. A plain hash is enough: a key holds 256 random bits, so it cannot be found by trying, and a slow
 * hash made for passwords would cost each request more than its purchase.
 */
export const hashKey = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Whether a key's time is over; one without an end has all the time there is. */
export const isExpired = ({ expires_at }: { expires_at: Date | null }, now: number): boolean =>
  expires_at !== null && expires_at.getTime() <= now;

/** The key in an `Authorization: Bearer <key>` header; undefined without one. */
export const bearerOf = (header: string | null | undefined): string | undefined =>
  /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1];
