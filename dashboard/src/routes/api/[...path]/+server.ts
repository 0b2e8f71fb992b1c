import { problemResponse } from '$lib/server/api/problems.ts';

/** Whatever else is asked of the read API. */
export const GET = ({ url }: { url: URL }) =>
  problemResponse(
    { kind: 'not-found', status: 404, title: 'Not found', detail: `There is no ${url.pathname}.` },
    url.pathname,
  );
