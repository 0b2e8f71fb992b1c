/** The chain (undefined) or one of its branches. */
export type Watched = string | undefined;

/**
 * SQL of the column `of_branch` for figures that one statement reads for several: a branch that is watched by itself, empty for
 * all others. So every sale is in one group, and the chain is all groups together; sales that nobody watches are left out.
 */
export const OF_BRANCH = "if(branch_id IN {branches:Array(String)}, toString(branch_id), '')";
export const IS_WATCHED = '({chain:Bool} OR branch_id IN {branches:Array(String)})';

export const watchedParams = (watched: readonly Watched[]): { chain: boolean; branches: string[] } => ({
  chain: watched.includes(undefined),
  branches: watched.filter((branch) => branch !== undefined),
});

/** The rows of the chain or of one branch, in their order. */
export const rowsOf = <Row extends { of_branch: string }>(rows: readonly Row[], branch: Watched): Row[] =>
  rows.filter(({ of_branch }) => branch === undefined || of_branch === branch);
