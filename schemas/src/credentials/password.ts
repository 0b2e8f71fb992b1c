import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const SHORTEST = 12;
const LONGEST = 200;
/** 2^15 blocks of 8, three times: one of the costs that OWASP's cheat sheet names, with 32 MB at a time. */
const COST = { ln: 15, r: 8, p: 3 };
/** A stored cost beyond this is no hash of ours. */
const MOST_MEMORY = 256 * 1024 * 1024;
const FORMAT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** What is wrong with a password that somebody wants; undefined when it will do. */
export const passwordFault = (password: string): string | undefined => {
  const { length } = [...password];
  if (length < SHORTEST) return `it must have ${SHORTEST} characters or more`;
  return length > LONGEST ? `it must have ${LONGEST} characters or fewer` : undefined;
};

/** What is wrong with a PIN that somebody wants; undefined when it will do. */
export const pinFault = (pin: string): string | undefined => {
  if (!/^\d{4,8}$/.test(pin)) return 'a PIN has 4 to 8 digits';
  return /^(\d)\1*$/.test(pin) || '0123456789'.includes(pin) ? 'this PIN is guessed first: take another' : undefined;
};

/** The text to store of a password or a PIN: `$scrypt$ln=15,r=8,p=3$salt$hash`. Two calls never give the same. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  const hash = await deriveWith(password, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(hash)}`;
};

/**
 * Whether a password is the one of a stored text, compared in constant time.
 *
 * @throws when the stored text is no hash of {@link hashPassword}
 */
export const isPassword = async (password: string, stored: string): Promise<boolean> => {
  const [, ln, r, p, salt = '', hash = ''] = FORMAT.exec(stored) ?? [];
  if (ln === undefined) throw new Error('the stored password is not readable: set it anew with npm run password');
  if ([...password].length > LONGEST) return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  return timingSafeEqual(Buffer.from(hash, 'base64'), await deriveWith(password, Buffer.from(salt, 'base64'), cost));
};

/** Accents are typed in more than one way: NFKC makes them one. */
const deriveWith = (password: string, salt: Buffer, { ln, r, p }: typeof COST) =>
  derive(password.normalize('NFKC'), salt, 32, { N: 2 ** ln, r, p, maxmem: MOST_MEMORY });

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
