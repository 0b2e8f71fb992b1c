/** How a figure stands to the one before: `new` when there was nothing before, `nothing` when there is nothing at all. */
export type Comparison =
  | { kind: 'nothing' | 'new' | 'same' }
  | { kind: 'up' | 'down' /** Whole percent, at least 0; 0 means less than half a percent. */; percent: number };

/** Compares two figures that are not negative. No share of zero can be taken, so a first figure is "new". */
export const compare = (now: number, before: number): Comparison => {
  if (before === 0) return { kind: now === 0 ? 'nothing' : 'new' };
  if (now === before) return { kind: 'same' };
  return { kind: now > before ? 'up' : 'down', percent: Math.round((Math.abs(now - before) / before) * 100) };
};
