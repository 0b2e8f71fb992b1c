/**
 * `npm run bench -- NAME`: measures, prints, judges nothing. Each bench starts a stack of its own in a temporary
 * folder and on free ports, bounds its load, and cleans up.
 */
const BENCHES: Record<string, () => Promise<{ run: () => Promise<void> }>> = {
  freshness: () => import('./page/freshness.ts'),
  idle: () => import('./idle.ts'),
  kpis: () => import('./gold/kpis.ts'),
  lighthouse: () => import('./page/lighthouse.ts'),
  load: () => import('./load.ts'),
  page: () => import('./page/page.ts'),
  pipeline: () => import('./pipeline.ts'),
  'read-api': () => import('./read-api.ts'),
  seals: () => import('./gold/seals.ts'),
  start: () => import('./start.ts'),
  viewers: () => import('./page/viewers.ts'),
  write: () => import('./write/write.ts'),
};

const [name = ''] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
  process.exit(1);
}
await (await bench()).run();
process.exit(0);
