import { createHmac, timingSafeEqual } from 'node:crypto';

/** After this long (ms) the owner logs in again. */
export const SESSION_MS = 30 * 86_400_000;

/**
 * A session is its end and a signature: every replica that has the secret knows it, and none has to remember it. The
 * password's hash is signed with it, so a new password ends all sessions.
 */
export const newSession = (secret: string, passwordHash: string, now: number): string => {
  const end = String(now + SESSION_MS);
  return `${end}.${sign(secret, passwordHash, end).toString('base64url')}`;
};

/** Whether a cookie's text is a session of ours that is not over. */
export const isSession = (secret: string, passwordHash: string, text: string, now: number): boolean => {
  const [, end = '', signature = ''] = /^(\d{1,15})\.([\w-]{43})$/.exec(text) ?? [];
  if (end === '' || Number(end) <= now) return false;
  return timingSafeEqual(Buffer.from(signature, 'base64url'), sign(secret, passwordHash, end));
};

const sign = (secret: string, passwordHash: string, end: string): Buffer =>
  createHmac('sha256', secret).update(`tillstream session 1\n${end}\n${passwordHash}`).digest();
