import { getApp } from '$lib/server/app.ts';
import { branchesOf, daysOfView, knownView } from '$lib/server/pages/page.ts';
import { getSettings } from '$lib/server/settings.ts';
import { NAMES } from '$lib/state/name-seeker.ts';
import type { LayoutServerLoad } from './$types';

/** What all pages of the owner share: the shop, its branches, and what is looked at. */
export const load: LayoutServerLoad = async ({ url, locals, depends }) => {
  depends(NAMES);
  const { CURRENCY, SHOP_TIMEZONE, WEEK_START } = getSettings();
  const { who } = locals;
  const [view, branches] = await Promise.all([knownView(url, who), branchesOf(who)]);
  return {
    user: { login: getApp().login !== undefined, name: who?.name ?? '', role: who?.role ?? 'cashier' },
    shop: { currency: CURRENCY, timeZone: SHOP_TIMEZONE, weekStart: WEEK_START },
    branches,
    view,
    viewDays: daysOfView(view),
  };
};
