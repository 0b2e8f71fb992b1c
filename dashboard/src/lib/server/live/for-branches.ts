import type { LiveMessage } from '../../figures/figures.ts';

/**
 * A message for somebody who may know of some branches only; undefined: of all. Its figures are of one branch as it is; how many sales
 * of the chain wait or were compared is not theirs, nor are the names of other branches.
 */
export const forBranches = (message: LiveMessage, branches: readonly string[] | undefined): LiveMessage => {
  if (branches === undefined) return message;
  const { pipeline, figures } = message;
  return {
    ...message,
    pipeline: { waiting: null, waiting_since: null, uncounted: null, books: null, sealer: pipeline.sealer },
    ...(figures && {
      figures: { ...figures, branches: figures.branches.filter(({ branch_id }) => branches.includes(branch_id)) },
    }),
  };
};
