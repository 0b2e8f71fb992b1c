import { csvOf } from '$lib/server/api/csv.ts';
import { badParameters, problemResponse, unavailable } from '$lib/server/api/problems.ts';
import { getApp } from '$lib/server/app.ts';
import { readAudit } from '$lib/server/people/audit-log.ts';
import { auditFilter, auditView } from '$lib/server/people/audit-view.ts';
import { audit as text } from '$lib/text/audit.ts';

const MOST = 50_000;
const COLUMNS = ['at', 'who', 'role', 'action', 'subject', 'address', 'request_id', 'before', 'after'];

/** `GET /audit/csv?action=&text=&first=&last=`: what the page would show, all of it. */
export const GET = async ({ url }: { url: URL }) => {
  const { people, calendar } = getApp();
  const found = await readAudit(people, auditFilter(auditView(url), url, calendar), MOST + 1).catch(() => undefined);
  if (found === undefined) return problemResponse(unavailable().problem, url.pathname);
  if (found.length > MOST) {
    const detail = text.tooMany(MOST.toLocaleString('en'));
    return problemResponse(badParameters([{ parameter: 'first', detail }]).problem, url.pathname);
  }
  const rows = found.map((entry) => ({ ...entry, at: entry.at.toISOString() }));
  return new Response(csvOf(COLUMNS, rows), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="audit.csv"',
      'cache-control': 'no-store',
    },
  });
};
