import type { LiveMessage } from '../../figures/figures.ts';
import { forBranches } from './for-branches.ts';
import type { Live } from './live.ts';

/** A viewer with more messages waiting than this has its stream ended; it connects again by itself. */
const MOST_WAITING = 32;
const ASK_AGAIN_MS = 5_000;

/**
 * A viewer's stream of server-sent events, one JSON {@link LiveMessage} each. It ends when the viewer has gone,
 * which shows in `signal`, in the stream's cancel, or in messages that pile up, and when its session has ended.
 *
 * @param viewer `mayStay`: whether their session still holds, asked every few seconds; `branches`: those that they may know of
 */
export const liveStream = (
  live: Live,
  branch: string | undefined,
  signal: AbortSignal,
  {
    mayStay = async () => true,
    branches,
  }: { mayStay?: () => Promise<boolean>; branches?: readonly string[] | undefined } = {},
): Response => {
  let leave = () => {};
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const encoder = new TextEncoder();
        let over = false;
        let stop = () => {};
        const asking = setInterval(async () => {
          if (!(await mayStay())) leave();
        }, ASK_AGAIN_MS);
        leave = () => {
          if (over) return;
          over = true;
          clearInterval(asking);
          stop();
          try {
            controller.close();
          } catch {
            // It was closed from the other side.
          }
        };
        const send = (text: string) => {
          if (over) return;
          try {
            controller.enqueue(encoder.encode(text));
            if ((controller.desiredSize ?? 0) < -MOST_WAITING) leave();
          } catch {
            leave();
          }
        };
        send('retry: 1000\n\n');
        stop = live.watch(branch, {
          send: (message: LiveMessage) => send(`data: ${JSON.stringify(forBranches(message, branches))}\n\n`),
          end: leave,
        });
        if (over) stop();
        signal.addEventListener('abort', leave, { once: true });
        if (signal.aborted) leave();
      },
      cancel: () => leave(),
    },
    new CountQueuingStrategy({ highWaterMark: 1 }),
  );
  return new Response(stream, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Proxies must not hold events back.
      'x-accel-buffering': 'no',
    },
  });
};
