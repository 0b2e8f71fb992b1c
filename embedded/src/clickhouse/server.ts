/**
 * ClickHouse without Docker: the engine in this process, its HTTP interface on the loopback address.
 * Run: `node --import tsx embedded/src/clickhouse/server.ts`; settings: CLICKHOUSE_PORT, TILLSTREAM_DATA.
 */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { Worker } from 'node:worker_threads';
import type { Engine } from './engine.ts';
import { createHandler, type Handler, PLACES } from './http/http.ts';
import { readSettings, type Settings } from './settings.ts';

const FINISH_MS = 5_000;
const CANCEL_MS = 1_000;
const GIVE_UP_MS = 7_500;
// A running query holds a thread of libuv's pool; four more for files, gzip and cancelling.
const THREADS = PLACES.default + PLACES.analyst + 4;

/**
 * The pool's size is read once, before any of our code runs: without it in the environment, start again with it.
 * Whoever starts this server should set it, and save a process.
 */
function startAgainWithThreads(): void {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS) },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  if (Number(process.env.UV_THREADPOOL_SIZE ?? 4) < THREADS) return startAgainWithThreads();
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 30_000 });
  await listen(server, settings.port);
  const engine = await open(settings);
  const handler = createHandler(engine, {
    password: settings.password,
    stuck: (id) => {
      // Within a function nothing stops it. What was inserted is on disk, and whoever runs this server starts it again.
      console.error(`query ${id} does not end: the process does, to be started again`);
      process.kill(process.pid, 'SIGKILL');
    },
  });
  server.on('request', handler);
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    shutDown(server, engine, handler);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started through startAgainWithThreads: do not outlive the process that was told to run us.
  process.on('disconnect', stop);
  console.log(`ClickHouse is ready on http://127.0.0.1:${settings.port} (data in ${settings.dataDir})`);
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = `Port ${port} is taken: set CLICKHOUSE_PORT to another one`;
      reject(cause.code === 'EADDRINUSE' ? new Error(taken) : new Error(`CLICKHOUSE_PORT ${port}: ${cause.message}`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function open(settings: Settings): Promise<Engine> {
  // Loaded here so that a bad setting or a taken port is told at once, not after half a gigabyte of library.
  const { openEngine } = await import('./engine.ts');
  try {
    return openEngine(settings);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The engine does not start on ${settings.dataDir} (does another process use it?): ${text}`);
  }
}

async function shutDown(server: Server, engine: Engine, handler: Handler): Promise<void> {
  // Closing blocks this thread, and may for long with streaming tables: the deadline is kept by another one.
  // What was inserted is on disk by then; a killed engine starts again on the same folder.
  const source = `setTimeout(() => process.kill(${process.pid}, 'SIGKILL'), ${GIVE_UP_MS})`;
  new Worker(source, { eval: true, execArgv: [] }).unref();
  server.close();
  server.closeIdleConnections();
  if (!(await finished(handler, FINISH_MS))) {
    // The engine cannot be closed under a running query.
    await engine.kill('');
    await finished(handler, CANCEL_MS);
  }
  if (handler.running() === 0) engine.close();
  process.exit(0);
}

async function finished(handler: Handler, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (handler.running() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return handler.running() === 0;
}

main().catch((cause) => {
  console.error(cause instanceof Error ? cause.message : String(cause));
  process.exit(1);
});
