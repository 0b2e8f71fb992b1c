/// <reference types="@sveltejs/kit" />
/// <reference lib="webworker" />
import { build, version } from '$service-worker';

// Serves the till when the network does not. It looks at nothing else: figures are never taken from a cache.
const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const CACHE = `till-${version}`;
const PAGE = '/till';

worker.addEventListener('install', (event) => {
  // Who is not logged in would be led to the login: that is not the page to keep.
  const page = new Request(PAGE, { redirect: 'error' });
  const fill = async () => (await caches.open(CACHE)).addAll([page, ...build]);
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(tidy());
});

worker.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== worker.location.origin) return;
  const isPage = pathname === PAGE && event.request.mode === 'navigate';
  if (!isPage && !build.includes(pathname)) return;
  const answer = async (): Promise<Response> => {
    const cache = await caches.open(CACHE);
    try {
      const response = await fetch(event.request);
      if (response.ok && isPage) await cache.put(PAGE, response.clone());
      return response;
    } catch (error) {
      const kept = await cache.match(isPage ? PAGE : event.request);
      if (kept === undefined) throw error;
      return kept;
    }
  };
  event.respondWith(answer());
});
