import type { ShopCalendar } from './calendar/shop-calendar.ts';
import { wasThrown } from './client.ts';
import type { Scope } from './cover.ts';
import type { RememberedSeals } from './remembered-seals.ts';
import type { SealState } from './seal-state.ts';

const ATTEMPTS = 3;

/**
 * Answers from seals that were found sealed a moment ago; the statement itself notices when they are not any more, and it is
 * asked again from a fresh state. Where nothing is sealed, or seals break faster than we look, as in a replay of
 * everything, it is answered otherwise.
 */
export const fromGuess = async <Row>(
  seals: RememberedSeals,
  known: SealState,
  isOfUse: (state: SealState) => boolean,
  ask: (state: SealState) => Promise<Row[]>,
  otherwise: () => Promise<Row[]>,
): Promise<Row[]> => {
  let state = known;
  for (let attempt = 0; attempt < ATTEMPTS && isOfUse(state); attempt++) {
    try {
      return await ask(state);
    } catch (error) {
      if (!wasThrown(error)) throw error;
    }
    state = await seals.insteadOf(state);
  }
  return otherwise();
};

/** About how many facts a scope has: those of its days, of all branches. */
export const factsIn = ({ from, to }: Scope, calendar: ShopCalendar, { facts }: SealState): number => {
  const [first, last] = [calendar.dayOf(from), calendar.dayOf(Math.max(from, to - 1))];
  let sum = 0;
  for (const [day, rows] of facts) if (day >= first && day <= last) sum += rows;
  return sum;
};
