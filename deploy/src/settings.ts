import { SettingsError } from '@tillstream/schemas/settings';
import { z } from 'zod';

const ROLE = /^([a-z_]+)=(\S+)$/;

/** `role=password`, a line each, as the one-shot `secrets` writes it. */
export const rolePasswords = z.string().transform((text, context) => {
  const passwords = new Map<string, string>();
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, role, password] = ROLE.exec(line.trim()) ?? [];
    if (role === undefined || password === undefined) {
      context.addIssue({ code: 'custom', message: 'must hold role=password, a line each' });
      return z.NEVER;
    }
    passwords.set(role, password);
  }
  return passwords;
});

const DISK = /^([a-z]+)=(\/\S+)$/;

/** `name=folder`, joined by commas: the volumes to look at. */
export const disks = z.string().transform((text, context) => {
  const folders = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name, folder] = DISK.exec(part.trim()) ?? [];
    if (name === undefined || folder === undefined) {
      context.addIssue({ code: 'custom', message: 'must be name=/folder, joined by commas' });
      return z.NEVER;
    }
    folders.set(name, folder);
  }
  return folders;
});

/** The value of a setting that the containers cannot do without. */
export const required = <T>(name: string, value: T | undefined): T => {
  if (value === undefined) throw new SettingsError(`${name}: must be set (or ${name}_FILE)`);
  return value;
};
