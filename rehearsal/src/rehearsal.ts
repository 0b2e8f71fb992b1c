import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { productsResponse } from '@tillstream/schemas/api';
import { kpis } from '@tillstream/schemas/read-api';
import { Book, type Figures } from './book.ts';
import { Client } from './client.ts';
import { ROOT, run, WORK } from './command.ts';
import { OURS, requireAll, type Scene, STORES, seconds, told } from './scene.ts';
import { Stack } from './stack.ts';
import { loadedOnce } from './steps/loading.ts';
import { brokenSettings } from './steps/mistakes.ts';
import { WITH_MONITORING, watch } from './steps/monitoring.ts';
import { owner } from './steps/owner.ts';
import { dumpAndRestore, namesAreShown, readAgain, rebuild, restoreEarlier, upgrade } from './steps/procedures.ts';
import { reach } from './steps/reach.ts';
import { Tills } from './tills.ts';

const ONE_SHOTS = ['secrets', 'migrate', 'loader'] as const;
const LOADED = 2_000;
/** Figures are a second old at most; under this load on a busy machine they get longer. */
const UNTIL_CURRENT_MS = 60_000;
/** Sales a second while services roll: this many, or half of what this machine was seen to do. */
const ROLL_RATE = 200;
const CRASH_RATE = 50;

/** One run through docker-compose.yml; each step prints its seconds and what was measured. */
export class Rehearsal {
  stack: Stack;
  readonly #book = new Book();
  #client: Client | undefined;
  #tills: Tills | undefined;

  private constructor(stack: Stack) {
    this.stack = stack;
  }

  static async prepare(): Promise<Rehearsal> {
    const load = path.join(WORK, 'load');
    await mkdir(load, { recursive: true });
    const port = Number(process.env.REHEARSE_PORT ?? 28443);
    const stack = await Stack.open('tillstream-rehearsal', port, {
      PROMETHEUS_PORT: String(port + 1),
      LOAD_FOLDER: load,
      // All tills of the rehearsal share one address and one key.
      RATE_LIMIT: '5000',
      POS_API_RATE_LIMIT: '10000',
    });
    return new Rehearsal(stack);
  }

  /** Runs a part and prints how long it took. */
  async step(what: string, work: () => Promise<string | undefined>): Promise<void> {
    const began = performance.now();
    const measured = await work();
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    console.log(`${seconds} s  ${what}${measured ? `: ${measured}` : ''}`);
  }

  async all(): Promise<void> {
    await this.step('left over from an earlier rehearsal, removed', () => this.#clean());
    await this.step('files to load', () => this.#makeFiles());
    await this.step('up until ready', () => this.#up());
    await this.#figuresAreRight('the loaded files');
    await this.step('what must not be reachable', () => reach(this.#scene));
    await this.step('the owner', () => owner(this.#scene));
    await this.step('mistakes of an operator', () => brokenSettings(this.#scene));
    await this.step('files of history, once', () => loadedOnce(this.#scene));
    await this.#figuresAreRight('with the one row more');
    await this.step('memory of the idle stack', () => this.#memory());
    await this.step('purchases through nginx, one pos-api', () => this.#flatOut());
    await this.#figuresAreRight('after it');
    await this.step('scale pos-api=3 relay=2 dashboard=2', () => this.#scale());
    await this.step('purchases through nginx, three pos-api', () => this.#flatOut());
    await this.#figuresAreRight('after it');
    await this.step('down, up', () => this.#downUp());
    await this.#figuresAreRight('after down and up');
    await this.step('backup of all volumes, stack down', () => this.#backUp());
    await this.step('restore into an empty stack', () => this.#restore());
    await this.#figuresAreRight('from the backup');
    await this.step('topic read again while tills sell', () => readAgain(this.#scene));
    for (const layer of ['silver', 'gold'] as const) {
      await this.step(`rebuild of ${layer} while tills sell`, () => rebuild(this.#scene, layer));
    }
    await this.#figuresAreRight('after reading again and the rebuilds');
    await this.step('upgrade to another tag while tills sell', () => upgrade(this.#scene));
    await this.#figuresAreRight('after the upgrade');
    await this.step('watched by Prometheus, broker away', () => watch(this.#scene));
    await this.#figuresAreRight('after the broker came back');
    for (const service of [...OURS, 'proxy', ...STORES]) {
      await this.step(`kill -9 of ${service} at ${this.#rate(CRASH_RATE)}/s`, () => this.#crash(service));
    }
    await this.#figuresAreRight('after the kills');
    for (const service of [...OURS, 'proxy', ...STORES]) {
      await this.step(`rolling restart of ${service} at ${this.#rate(ROLL_RATE)}/s`, () => this.#roll(service));
    }
    await this.#figuresAreRight('after the rolling restarts');
    await this.step('Postgres restored to an earlier moment', () => restoreEarlier(this.#scene));
    await this.#figuresAreRight('after the books were adopted');
    await this.step('dump of the running stack, restored into an empty one', () =>
      dumpAndRestore(
        this.#scene,
        () => this.#clean(),
        () => this.#up(),
      ),
    );
    await this.#figuresAreRight('from the dump');
    await this.step('names of products, from the dump', () => namesAreShown(this.#scene));
  }

  /** Removes everything that the rehearsal made but its images. */
  async end(): Promise<void> {
    this.#client?.close();
    await this.#clean().catch((error: unknown) => console.error(error));
  }

  get #scene(): Scene {
    if (this.#client === undefined || this.#tills === undefined) throw new Error('the stack is not up');
    return { stack: this.stack, client: this.#client, tills: this.#tills, book: this.#book };
  }

  async #clean(): Promise<undefined> {
    await this.stack.down(...WITH_MONITORING, 'down', '--volumes', '--remove-orphans', '--timeout', '20');
    return undefined;
  }

  async #makeFiles(): Promise<string> {
    const folder = path.join(WORK, 'load');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const generator = path.join(ROOT, 'loader', 'generate', 'main.ts');
    await run(process.execPath, ['--import', 'tsx', generator, '--purchases', String(LOADED), '--out', folder]);
    // Containers read them as users of their own.
    await run('chmod', ['-R', 'a+rX', folder]);
    this.#book.noteFile(folder);
    return `${this.#book.size} purchases`;
  }

  async #up(): Promise<string> {
    const began = performance.now();
    await this.stack.compose('up', '-d', ...this.#scaleArguments);
    await this.#connect();
    await this.#untilAnswers();
    const ready = seconds(began);
    for (const shot of ONE_SHOTS) await this.#ended(shot);
    return `${ready} s from \`up\` to the first 200 through the proxy`;
  }

  #scaleArguments: string[] = [];
  #capacity = Number.POSITIVE_INFINITY;

  #rate(wanted: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(this.#capacity / 2)));
  }

  #apiKey: string | undefined;

  async #connect(): Promise<void> {
    this.#client?.close();
    this.#apiKey ??= await this.#makeKey();
    this.#client = new Client(this.stack.url, await this.stack.certificate(), this.#apiKey);
  }

  /** As an operator makes one; it lives in Postgres, so it outlives down, up and a restored backup. */
  async #makeKey(): Promise<string> {
    const command = ['node', 'pos-api/src/keys/keys-main.ts', 'create', '--name', 'rehearsal', '--scopes', 'post,read'];
    const made = await this.stack.operate(...command);
    const key = made.split('\n').find((line) => /^\S{40,}$/.test(line.trim()));
    if (key === undefined) throw new Error(`no key in what the command said:\n${made}`);
    return key.trim();
  }

  async #untilAnswers(): Promise<void> {
    const client = this.#client;
    const deadline = Date.now() + 120_000;
    for (;;) {
      try {
        const { products } = productsResponse.parse(await client?.json('/v1/products'));
        await client?.json('/api/kpis');
        if (client !== undefined && this.#tills === undefined) {
          this.#tills = new Tills(
            () => this.#client ?? client,
            this.#book,
            this.#book.branches(),
            products.map((each) => each.product_id),
          );
        }
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await delay(100);
      }
    }
  }

  async #ended(shot: string): Promise<void> {
    const [container] = await this.stack.containers(shot);
    if (container === undefined) throw new Error(`the one-shot ${shot} did not run`);
    for (let left = 600; left > 0; left--) {
      const state = (await run('docker', ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', container])).trim();
      if (state === 'exited 0') return;
      if (state.startsWith('exited')) {
        const said = await run('sh', ['-c', `docker logs --tail 10 ${container} 2>&1`]);
        throw new Error(`the one-shot ${shot}: ${state}\n${said}`);
      }
      await delay(200);
    }
    throw new Error(`the one-shot ${shot} does not end`);
  }

  /** Holds every figure of the chain and of each branch against the book. */
  async #figuresAreRight(when: string): Promise<void> {
    await this.step(`every figure exact, ${when}`, async () => {
      for (const branch of [undefined, ...this.#book.branches()]) await this.#untilFigures(branch);
      const { purchases, revenue_minor, loyal_customers } = this.#book.figures();
      return `${purchases} purchases, ${revenue_minor / 100} revenue, ${loyal_customers} loyal customers, by chain and branch`;
    });
  }

  async #untilFigures(branch: string | undefined): Promise<void> {
    const wanted = JSON.stringify(this.#book.figures(branch));
    const deadline = Date.now() + UNTIL_CURRENT_MS;
    for (;;) {
      const shown = await this.#shown(branch).catch((error: unknown) => String(error));
      if (JSON.stringify(shown) === wanted) return;
      if (Date.now() > deadline) {
        throw new Error(
          `figures of ${branch ?? 'the chain'} differ:\n  sold  ${wanted}\n  shown ${JSON.stringify(shown)}`,
        );
      }
      await delay(250);
    }
  }

  async #shown(branch: string | undefined): Promise<Figures> {
    const query = branch === undefined ? '' : `?branch=${encodeURIComponent(branch)}`;
    const answer = kpis.parse(await this.#scene.client.json(`/api/kpis${query}`));
    return {
      purchases: answer.purchases,
      items: answer.items,
      revenue_minor: answer.revenue_minor,
      average_basket_minor: answer.average_basket_minor,
      unique_customers: answer.unique_customers,
      loyal_customers: answer.loyal_customers,
      top_products: answer.top_products
        .map(({ product_id, units, rank }) => ({ product_id, units, rank }))
        .sort((a, b) => a.rank - b.rank || a.product_id.localeCompare(b.product_id)),
    };
  }

  async #memory(): Promise<string> {
    const memory = await this.stack.memory();
    const total = [...memory.values()].reduce((sum, mb) => sum + mb, 0);
    return `${total} MB (${[...memory].map(([name, mb]) => `${name} ${mb}`).join(', ')})`;
  }

  async #flatOut(): Promise<string> {
    const takings = await this.#scene.tills.sellFlatOut(48, 5);
    this.#capacity = takings.answered / takings.seconds;
    return `${Math.round(this.#capacity)}/s; ${told(takings)}`;
  }

  async #scale(): Promise<string> {
    this.#scaleArguments = ['--scale', 'pos-api=3', '--scale', 'relay=2', '--scale', 'dashboard=2'];
    await this.stack.compose('up', '-d', '--no-recreate', ...this.#scaleArguments);
    const replicas = await this.stack.containers('pos-api');
    for (const container of replicas) await this.stack.untilHealthy(container);
    const since = new Date().toISOString();
    await delay(1_500);
    await this.#scene.tills.sellDuring(20, () => delay(3_000));
    const [proxy = ''] = await this.stack.containers('proxy');
    const log = await run('docker', ['logs', '--since', since, proxy]);
    const used = new Set(
      [...log.matchAll(/"path":"\/v1\/purchases".*?"upstream":"([\d.]+):4000"/g)].map(([, address]) => address),
    );
    if (used.size !== 3) throw new Error(`nginx used ${used.size} of 3 replicas`);
    return `nginx spreads over ${used.size} replicas`;
  }

  /** Restarts the replicas one after the other, each once the one before is healthy. */
  async #roll(service: string): Promise<string> {
    const began = performance.now();
    let rolled = 0;
    const takings = await this.#scene.tills.sellDuring(this.#rate(ROLL_RATE), async () => {
      for (const container of await this.stack.containers(service)) {
        await run('docker', ['restart', '--time', '20', container]);
        await this.stack.untilHealthy(container);
        rolled += 1;
      }
      await delay(1_000);
    });
    requireAll(takings);
    return `${rolled} in ${seconds(began)} s; ${told(takings)}`;
  }

  /** Kills one replica and looks how long the figures lag behind; the container comes back by itself. */
  async #crash(service: string): Promise<string> {
    const { client, tills } = this.#scene;
    const [container = ''] = await this.stack.containers(service);
    let currentAfter = 0;
    let events = 0;
    const stream = client.stream('/api/live', () => {
      events += 1;
    });
    const before = this.#book.size - tills.answeredBefore(Date.now());
    const takings = await tills.sellDuring(this.#rate(CRASH_RATE), async () => {
      await delay(1_000);
      const crashed = Date.now();
      await this.stack.crash(container);
      // Current: what was answered a second ago is shown. Watched until it has been so for five seconds.
      for (let last = crashed; Date.now() - last < 5_000 && Date.now() - crashed < UNTIL_CURRENT_MS; ) {
        const due = before + tills.answeredBefore(Date.now() - 1_000);
        const shown = await client
          .json('/api/kpis')
          .then((answer) => kpis.parse(answer).purchases)
          .catch(() => 0);
        if (shown < due) {
          last = Date.now();
          currentAfter = last - crashed;
        }
        await delay(100);
      }
      await this.stack.untilHealthy(container);
    });
    stream.stop();
    if (events === 0) throw new Error('the live stream brought nothing');
    requireAll(takings);
    const streamed =
      service === 'dashboard' || service === 'proxy'
        ? `; live stream connected ${stream.connections()} times, ${events} events`
        : '';
    return `current after ${(currentAfter / 1000).toFixed(1)} s; ${told(takings)}${streamed}`;
  }

  async #downUp(): Promise<string> {
    const began = performance.now();
    await this.stack.down('down', '--timeout', '30');
    const down = (performance.now() - began) / 1000;
    const up = await this.#up();
    return `down in ${down.toFixed(1)} s; ${up}`;
  }

  readonly #volumes = ['secrets', 'postgres', 'redpanda', 'clickhouse'];

  async #backUp(): Promise<string> {
    await this.stack.down('down', '--timeout', '30');
    const folder = path.join(WORK, 'backup');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const volume of this.#volumes) {
      await this.#tar(`${this.stack.project}_${volume}`, folder, `tar -C /volume -cf /backup/${volume}.tar .`);
    }
    return `${(await run('du', ['-sm', folder])).split('\t')[0]} MB`;
  }

  async #restore(): Promise<string> {
    await this.#clean();
    for (const volume of this.#volumes) {
      const name = `${this.stack.project}_${volume}`;
      const labels = [`com.docker.compose.project=${this.stack.project}`, `com.docker.compose.volume=${volume}`];
      await run('docker', ['volume', 'create', ...labels.flatMap((label) => ['--label', label]), name]);
      await this.#tar(name, path.join(WORK, 'backup'), `tar -C /volume -xpf /backup/${volume}.tar`);
    }
    await rm(path.join(WORK, 'backup'), { recursive: true, force: true });
    return this.#up();
  }

  #tar(volume: string, folder: string, command: string): Promise<string> {
    const image = 'nginx:1.30.6';
    const mounts = ['-v', `${volume}:/volume`, '-v', `${folder}:/backup`];
    return run('docker', [
      'run',
      '--rm',
      '--network',
      'none',
      '-u',
      '0',
      ...mounts,
      '--entrypoint',
      'sh',
      image,
      '-c',
      command,
    ]);
  }
}
