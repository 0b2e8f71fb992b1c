import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fails, type RunOptions, run, works } from './command.ts';

/** What a container is doing, as Docker says. */
interface State {
  running: boolean;
  /** `healthy`, `starting`, `unhealthy`; empty without a healthcheck. */
  health: string;
  pid: number;
}

/** docker-compose.yml under a project name of its own, driven by whichever compose this machine has. */
export class Stack {
  readonly project: string;
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #compose: readonly string[];

  private constructor(project: string, port: number, env: Record<string, string>, compose: readonly string[]) {
    this.project = project;
    this.url = `https://localhost:${port}`;
    this.#env = { ...env, COMPOSE_PROJECT_NAME: project, HTTPS_PORT: String(port) };
    this.#compose = compose;
  }

  static async open(project: string, port: number, env: Record<string, string>): Promise<Stack> {
    const compose = (await works('docker', ['compose', 'version'])) ? ['docker', 'compose'] : ['docker-compose'];
    return new Stack(project, port, { ...env, CLICKHOUSE_FILES: allowedFiles() }, compose);
  }

  /** The environment that compose is run with. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  compose(...args: string[]): Promise<string> {
    return this.composeWith({}, ...args);
  }

  composeWith({ env, ...options }: RunOptions, ...args: string[]): Promise<string> {
    const [command = '', ...before] = this.#compose;
    return run(command, [...before, ...args], { ...options, env: { ...this.#env, ...env } });
  }

  /**
   * `compose down`, given again as an operator would where a network is said to be in use whose containers are gone: Docker may
   * forget an endpoint a moment late. What stays in use fails.
   */
  async down(...args: string[]): Promise<void> {
    for (let again = 2; ; again--) {
      try {
        await this.compose(...args);
        return;
      } catch (error) {
        if (again === 0 || !String(error).includes('has active endpoints')) throw error;
        console.log(`    a network was still in use: ${this.#compose.join(' ')} ${args.join(' ')} again`);
        await delay(2_000);
      }
    }
  }

  /** The command that tells the last lines of every container. */
  logs(): [string, string[]] {
    const label = `label=com.docker.compose.project=${this.project}`;
    const each = 'echo "== $c"; docker logs --tail 40 "$c" 2>&1';
    return ['sh', ['-c', `for c in $(docker ps -a --filter ${label} --format '{{.Names}}'); do ${each}; done`]];
  }

  /** What compose says to something that must fail, with settings of its own. */
  composeFails(env: Record<string, string>, ...args: string[]): Promise<string> {
    const [command = '', ...before] = this.#compose;
    return fails(command, [...before, ...args], { env: { ...this.#env, ...env } });
  }

  /** An operator's command in a container of its own, beside those that run. */
  operate(...command: string[]): Promise<string> {
    return this.operateWith({}, ...command);
  }

  operateWith(options: RunOptions, ...command: string[]): Promise<string> {
    return this.composeWith(options, 'run', '--rm', '-T', '--no-deps', 'migrate', ...command);
  }

  /** Other settings from here on, as another `.env`. */
  set(env: Record<string, string>): void {
    Object.assign(this.#env, env);
  }

  /** Ids of the containers of a service, those of one-shots that ended included. */
  async containers(service: string): Promise<string[]> {
    const labels = [`com.docker.compose.project=${this.project}`, `com.docker.compose.service=${service}`];
    const ids = await run('docker', ['ps', '-aq', ...labels.flatMap((label) => ['--filter', `label=${label}`])]);
    return ids.split('\n').filter((id) => id !== '');
  }

  async state(container: string): Promise<State> {
    const format = '{{.State.Running}} {{.State.Pid}} {{if .State.Health}}{{.State.Health.Status}}{{end}}';
    const [running, pid, health] = (await run('docker', ['inspect', '-f', format, container])).trim().split(' ');
    return { running: running === 'true', health: health ?? '', pid: Number(pid) };
  }

  /** Waits until the container runs and, if it can say so, is healthy. */
  async untilHealthy(container: string, timeoutMs = 90_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const { running, health } = await this.state(container).catch(() => ({ running: false, health: '' }));
      if (running && (health === 'healthy' || health === '')) return;
      await delay(200);
    }
    throw new Error(`container ${container} is not healthy after ${timeoutMs / 1000} s`);
  }

  /** A crash as Docker sees it: `docker kill` would count as a wish to stop, and the container would not come back. */
  async crash(container: string): Promise<void> {
    const { pid } = await this.state(container);
    if (pid > 1) process.kill(pid, 'SIGKILL');
  }

  /** The certificate that the proxy serves. */
  async certificate(): Promise<string> {
    const [proxy] = await this.containers('proxy');
    return run('docker', ['exec', proxy ?? '', 'cat', '/secrets/proxy/tls.crt']);
  }

  /** Memory in use by service, MB. */
  async memory(): Promise<Map<string, number>> {
    const lines = await run('docker', ['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}']);
    const found = new Map<string, number>();
    for (const line of lines.split('\n').filter((each) => each.startsWith(this.project))) {
      // PROJECT_SERVICE_1, or with dashes from compose v2.
      const [, name, amount, unit] = /^.([a-z-]+)[_-]\d+ ([\d.]+)(\w+)/.exec(line.slice(this.project.length)) ?? [];
      const mb = Number(amount) * (unit === 'GiB' ? 1073.7 : unit === 'KiB' ? 0.001 : 1.0486);
      if (name !== undefined) found.set(name, Math.round((found.get(name) ?? 0) + mb));
    }
    return found;
  }
}

const allowedFiles = (): string => {
  const [, hard] = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return String(Math.min(Number(hard ?? 262_144), 262_144));
};
