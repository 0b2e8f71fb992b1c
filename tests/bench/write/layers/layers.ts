/** What stands between a request and the group commit, in the order in which the API has it. */
export const LAYERS = ['express', 'prototypes', 'helmet', 'metrics', 'logs', 'keys', 'limits', 'zod'] as const;
export type Layer = (typeof LAYERS)[number];
