import { expect, test } from 'vitest';
import { hashPassword, isPassword, passwordFault } from './password.ts';

test('a password is recognised, another is not, and no two hashes are the same', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse 12'), hashPassword('correct horse 12')]);
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
  expect(one).not.toBe(two);
  expect(await isPassword('correct horse 12', one)).toBe(true);
  expect(await isPassword('correct horse 13', one)).toBe(false);
  expect(await isPassword('', one)).toBe(false);
  expect(await isPassword('x'.repeat(100_000), one)).toBe(false);
});

test('an accent may be typed in either way', async () => {
  expect(await isPassword('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait'))).toBe(true);
});

test('a stored text of another kind is an error, not a refusal', async () => {
  await expect(isPassword('whatever it is', '$argon2id$v=19$x')).rejects.toThrow('not readable');
});

test('what may be a password', () => {
  expect(passwordFault('x'.repeat(11))).toContain('12 characters or more');
  expect(passwordFault('🙂'.repeat(11))).toContain('12 characters or more');
  expect(passwordFault('x'.repeat(201))).toContain('200');
  expect(passwordFault('x'.repeat(12))).toBeUndefined();
});
