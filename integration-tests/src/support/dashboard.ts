import type { RunningCommand } from './command.js';
import type { World } from './world.js';

export const PASSWORD = 'correct-horse-battery';

/** The answer to a request. */
export interface Asked {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** A `bullpen-dashboard` process, and a client of it. */
export class Dashboard {
  readonly process: RunningCommand;
  readonly url: URL;
  #cookie = '';

  private constructor(process: RunningCommand, url: string) {
    this.process = process;
    this.url = new URL(url);
  }

  /** Starts one on a port that is free. */
  static async start(world: World, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Dashboard> {
    const process = Dashboard.run(world, args, { BULLPEN_DASHBOARD_PASSWORD: PASSWORD, ...env });
    const { url } = await process.logged('dashboard ready');
    return new Dashboard(process, String(url));
  }

  /** Starts one that may end before it listens. */
  static run(world: World, args: readonly string[], env: Record<string, string>): RunningCommand {
    const where = ['--redis', world.redisUrl, '--prefix', world.prefix, '--host', '127.0.0.1', '--port', '0'];
    return world.command('bullpen-dashboard', [...where, '--discover-every', '100', ...args], env);
  }

  /** Requests a path below the base path; follows no redirect. */
  async ask(path: string, { headers, ...init }: RequestInit = {}): Promise<Asked> {
    const answer = await fetch(new URL(path, this.url), {
      ...{ redirect: 'manual', ...init },
      // A test leaves no connection open.
      headers: { cookie: this.#cookie, origin: this.url.origin, connection: 'close', ...headers },
    });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask(path)).text) as T;
  }

  async logIn(password = PASSWORD): Promise<Asked> {
    const body = new URLSearchParams({ user: 'bullpen', password });
    const answer = await this.ask('login', { method: 'POST', body });
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie;
    return answer;
  }
}
