import { getSettings } from '$lib/server/settings.ts';
import type { PageServerLoad } from './$types';

/** The till brings its catalog itself: it must work from what it remembers, too. */
export const load: PageServerLoad = ({ locals }) => {
  const { CURRENCY, SHOP_TIMEZONE, LOYAL_THRESHOLD } = getSettings();
  return {
    shop: { currency: CURRENCY, timeZone: SHOP_TIMEZONE },
    loyalThreshold: LOYAL_THRESHOLD,
    // A cashier has this page alone.
    hasPages: locals.who?.role !== 'cashier',
  };
};
