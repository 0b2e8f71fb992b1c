/**
 * Table engines by the names that migrations use, in one place: a cluster replaces them by
 * `Replicated…` here and nowhere else.
 */
export const engines = {
  MergeTree: 'MergeTree',
  ReplacingMergeTree: 'ReplacingMergeTree',
};
