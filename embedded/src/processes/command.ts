/** A program to start, and as whom. */
export interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
}

/** A TypeScript entry point of the workspace, run by this Node through tsx, with options of Node's own. */
export const nodeCommand = (
  entry: string,
  args: string[] = [],
  env: Record<string, string> = {},
  options: string[] = [],
): Command => ({
  file: process.execPath,
  args: [...options, '--enable-source-maps', '--import', 'tsx', entry, ...args],
  env,
});
