import type { Role } from '@tillstream/schemas/values/choices';

/** Who asks, and of which branches they may know. */
export interface Who {
  name: string;
  /** `program`: an API key, for the read API alone. */
  role: Role | 'program';
  /** Theirs; undefined: all. */
  branches: readonly string[] | undefined;
}

/** Where nobody logs in, whoever reaches the pages is on the machine already. */
export const ON_LOOPBACK: Who = { name: 'loopback', role: 'owner', branches: undefined };

/** Whether somebody may know of a branch. */
export const hasBranch = ({ branches }: Who, branch: string): boolean => branches?.includes(branch) ?? true;
