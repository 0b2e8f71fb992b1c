import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** What is compressed here. Files of the build and Parquet are compressed already, and a live stream must not wait. */
const SHRINKS = /^(text\/(html|csv)|application\/(problem\+)?json)/;
/** A smaller answer fits into one packet as it is. */
const WORTHWHILE_BYTES = 1_400;

const compress = promisify(gzip);

/** The answer, compressed if the client accepts it and it is worth it: over a phone's network a page takes a third of the time. */
export const compressed = async (request: Request, response: Response): Promise<Response> => {
  const { headers, status } = response;
  if (response.body === null || headers.has('content-encoding')) return response;
  if (!SHRINKS.test(headers.get('content-type') ?? '')) return response;
  const varied = new Headers(headers);
  varied.append('vary', 'accept-encoding');
  const body = Buffer.from(await response.arrayBuffer());
  if (body.length < WORTHWHILE_BYTES || !takesGzip(request)) return new Response(body, { status, headers: varied });
  varied.set('content-encoding', 'gzip');
  varied.delete('content-length');
  // The tag was made of other bytes.
  const etag = varied.get('etag');
  if (etag?.startsWith('"')) varied.set('etag', `W/${etag}`);
  return new Response(new Uint8Array(await compress(body)), { status, headers: varied });
};

const takesGzip = (request: Request): boolean =>
  (request.headers.get('accept-encoding') ?? '').split(',').some((part) => {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
