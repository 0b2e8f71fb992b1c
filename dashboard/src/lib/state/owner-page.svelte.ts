import type { Role } from '@tillstream/schemas/values/choices';
import { untrack } from 'svelte';
import type { Figures } from '../figures/figures.ts';
import type { PageAnswer, ViewDays } from '../figures/page-answer.ts';
import { createFormat, type Shop } from '../words/format.ts';
import { whenOf } from '../words/period-words.ts';
import { csvLink } from './csv-links.ts';
import { Kept } from './kept.svelte.ts';
import { createNameSeeker } from './name-seeker.ts';
import type { View } from './view.ts';

/** What the owner's layout and a page of figures are loaded with. */
export interface OwnerData<T, P = undefined> {
  answer: PageAnswer<T, P>;
  shop: Shop;
  /** Who looks; `login`: whether anybody has to log in. */
  user: { login: boolean; name: string; role: Role | 'program' };
  branches: Figures['branches'];
  view: View;
  viewDays: ViewDays;
}

/**
 * What the owner's pages have in common: their kept figures, how the shop writes them, the names of its branches. To be
 * made with the page's component; `data` gives its newest data.
 *
 * @param branchesOf the branches that the figures are about: one that has no name yet has it fetched
 */
export const ownerPage = <T, P>(data: () => OwnerData<T, P>, branchesOf: (figures: T) => string[] = () => []) => {
  const kept = new Kept(untrack(() => data().answer));
  const format = $derived(createFormat(data().shop));
  const names = $derived(new Map(data().branches.map(({ branch_id, branch }) => [branch_id, branch])));
  const when = $derived(whenOf(data().viewDays, format));
  const seekNames = createNameSeeker();
  $effect.pre(() => kept.take(data().answer));
  $effect(() => kept.follow());
  $effect(() => {
    if (kept.figures !== undefined) seekNames(branchesOf(kept.figures), names);
  });
  return {
    kept,
    get format() {
      return format;
    },
    /** A branch's name; its id while that is all there is. */
    nameOf: (id: string): string => names.get(id) ?? id,
    /** With what the figures are compared, for who reads them. */
    get when() {
      return when;
    },
    /** Where a table of the period is to be had as CSV. */
    csv: (table: string, more?: Record<string, string>) => csvLink(table, data().view, data().viewDays, more),
  };
};
