import { getApp } from '$lib/server/app.ts';
import { ACTIONS, readAudit } from '$lib/server/people/audit-log.ts';
import { auditFilter, auditView } from '$lib/server/people/audit-view.ts';
import type { PageServerLoad } from './$types';

const A_PAGE = 100;

/** The newest entries of the audit log that the address asks for. */
export const load: PageServerLoad = async ({ url, setHeaders }) => {
  setHeaders({ 'cache-control': 'no-store' });
  const { people, calendar } = getApp();
  const filter = auditView(url);
  const found = await readAudit(people, auditFilter(filter, url, calendar), A_PAGE + 1).catch(() => undefined);
  const entries = found?.slice(0, A_PAGE).map((entry) => ({ ...entry, at: entry.at.getTime() }));
  return {
    filter,
    actions: ACTIONS,
    entries,
    older: found && found.length > A_PAGE ? entries?.at(-1)?.audit_id : undefined,
  };
};
