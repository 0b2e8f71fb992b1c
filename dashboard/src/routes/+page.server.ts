import { getApp } from '$lib/server/app.ts';
import { readBranches } from '$lib/server/questions/branches.ts';
import { getSettings } from '$lib/server/settings.ts';
import type { PageServerLoad } from './$types';

/** The page with the newest figures, or the last good ones; it never fails because a database is away. */
export const load: PageServerLoad = async ({ url, setHeaders }) => {
  setHeaders({ 'cache-control': 'no-store' });
  const { CURRENCY, SHOP_TIMEZONE } = getSettings();
  const branch = await knownBranch(url.searchParams.get('branch'));
  return {
    branch,
    message: await getApp().live.look(branch),
    shop: { currency: CURRENCY, timeZone: SHOP_TIMEZONE },
  };
};

/** The branch if there is such a one, else all. While nobody can tell, the wish stands. */
const knownBranch = async (wanted: string | null): Promise<string | undefined> => {
  if (wanted === null || wanted === '') return undefined;
  try {
    const branches = await readBranches(getApp().clickhouse, AbortSignal.timeout(2_000));
    return branches.some(({ branch_id }) => branch_id === wanted) ? wanted : undefined;
  } catch {
    return wanted;
  }
};
