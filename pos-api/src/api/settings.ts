import { isLoopback } from '@tillstream/schemas/http/loopback';
import { count, port, SettingsError } from '@tillstream/schemas/settings';
import { z } from 'zod';

/** What an operator decides about the API. */
export const apiSettings = {
  POS_API_PORT: port(4000),
  POS_API_HOST: z.string().default('127.0.0.1'),
  /** Whether a key is needed; unset: everywhere but on loopback. */
  POS_API_AUTH: z.enum(['on', 'off']).optional(),
  /** Requests a second of one key or address; 0: the default, 100 with keys and practically no limit without. */
  POS_API_RATE_LIMIT: count(0, 0, 1_000_000),
  /** Proxies in front whose word on the caller's address (`X-Forwarded-For`) is believed. */
  POS_API_TRUST_PROXY: count(0, 0, 10),
  POS_API_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
};

/**
 * Whether callers need a key.
 *
 * @throws SettingsError when keys are off where others can reach the API
 */
export const keysAreOn = ({
  POS_API_AUTH,
  POS_API_HOST,
}: {
  POS_API_AUTH?: 'on' | 'off' | undefined;
  POS_API_HOST: string;
}): boolean => {
  if (POS_API_AUTH === 'off' && !isLoopback(POS_API_HOST)) {
    throw new SettingsError(
      `POS_API_AUTH="off": without keys the API listens on loopback only, and POS_API_HOST is ${POS_API_HOST}`,
    );
  }
  return POS_API_AUTH === undefined ? !isLoopback(POS_API_HOST) : POS_API_AUTH === 'on';
};

/** Requests a second that one key, or one address without, may make. */
export const rateLimitOf = (setting: number, withKeys: boolean): number => setting || (withKeys ? 100 : 100_000);
