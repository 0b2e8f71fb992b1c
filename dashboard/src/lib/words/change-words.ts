import { compare } from '../figures/comparison.ts';
import { text } from '../text/common.ts';
import type { Format } from './format.ts';

/** How a figure of a table stands to the one before, in a word or two: `▲ 3 %`, `▼ under 1 %`, `new`, `same`. */
export const changeWords = (now: number, before: number, format: Format): string => {
  const found = compare(now, before);
  if (found.kind === 'new') return text.change.new;
  if (found.kind !== 'up' && found.kind !== 'down') return text.change.same;
  if (now === 0) return text.change.gone;
  return `${found.kind === 'up' ? '▲' : '▼'} ${text.change.percent(found.percent, format.number(found.percent))}`;
};
