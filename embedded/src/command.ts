/** A program to start, and as whom. */
export interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
}

/** A TypeScript entry point of the workspace, run by this Node through tsx. */
export const nodeCommand = (entry: string, args: string[] = [], env: Record<string, string> = {}): Command => ({
  file: process.execPath,
  args: ['--enable-source-maps', '--import', 'tsx', entry, ...args],
  env,
});
