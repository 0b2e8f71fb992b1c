import { getApp } from '$lib/server/app.ts';
import { forBranches } from '$lib/server/live/for-branches.ts';
import { overviewPage } from '$lib/server/pages/overview.ts';
import { knownView } from '$lib/server/pages/page.ts';
import type { PageServerLoad } from './$types';

/** The page with the newest figures, or the last good ones; it never fails because a database is away. */
export const load: PageServerLoad = async (event) => {
  const { who } = event.locals;
  const { branch } = await knownView(event.url, who);
  const [message, { answer }] = await Promise.all([getApp().live.read(branch), overviewPage.load(event)]);
  return { branch, message: forBranches(message, who?.branches), answer };
};
