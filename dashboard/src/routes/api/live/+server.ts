import { answer, requireBranch } from '$lib/server/api/answer.ts';
import { liveStream } from '$lib/server/live/stream.ts';

/** `GET /api/live?branch=`: what the page shows, as server-sent events. */
export const GET = (event: { url: URL; request: Request; locals: App.Locals }) =>
  answer(async (ask) => {
    const branch = ask.parameters.read('branch', (text) => text, 'a branch');
    ask.parameters.check();
    await requireBranch(ask, branch);
    const { mayStay } = event.locals;
    return liveStream(ask.app.live, branch, event.request.signal, { mayStay, branches: ask.branches });
  })(event);
