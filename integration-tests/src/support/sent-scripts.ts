import { createHash } from 'node:crypto';
import { openRedis, type Redis } from '@bullpen/shared/internal';
import type { World } from './world.js';

/** A script that a worker or a producer sent, and what stood on Redis before. */
export interface SentScript {
  readonly name: string;
  readonly lua: string;
  readonly args: readonly (string | Buffer)[];
  readonly before: Saved;
  readonly answer: unknown;
}

/** Keys as they can be restored. */
export type Saved = readonly { readonly key: string; readonly dump: Buffer; readonly expires: boolean }[];

/** What is sent through the client's one door. */
interface SentCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
}
interface Client {
  readonly options: { readonly connectionName?: string };
  sendCommand(command: SentCommand, stream?: unknown): Promise<unknown>;
  defineCommand(name: string, definition: { readonly lua: string }): void;
}

/** So long keys live that expire: longer than any test. */
const KEPT_MS = 600_000;

/**
 * Records every script that our packages send in this process, with all keys as they were before,
 * and plays scripts again. One script is sent after the other, so what stood on Redis before is
 * exact.
 */
export class SentScripts {
  readonly sent: SentScript[] = [];
  /** All scripts that connections were taught, by name: their texts. */
  readonly defined = new Map<string, string>();
  readonly #world: World;
  readonly #side: Redis;
  #last: Promise<unknown> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
    this.#side = openRedis(world.redisUrl, 'worker', 'test:side');
    world.onClose(async () => this.#side.disconnect());
    this.#listen();
  }

  /** The names of the scripts that were sent. */
  get names(): Set<string> {
    return new Set(this.sent.map(({ name }) => name));
  }

  async save(): Promise<Saved> {
    const keys = await this.#world.keys();
    return Promise.all(
      keys.sort().map(async (key) => {
        const [dump, ttl] = await Promise.all([this.#side.dumpBuffer(key), this.#side.pttl(key)]);
        return { key, dump: dump as Buffer, expires: ttl > 0 };
      }),
    ).then((saved) => saved.filter(({ dump }) => dump !== null));
  }

  /** Puts Redis back to what it was. Locks live long then. */
  async restore(saved: Saved): Promise<void> {
    const keys = await this.#world.keys();
    if (keys.length > 0) await this.#side.unlink(...keys);
    await Promise.all(saved.map(({ key, dump, expires }) => this.#side.restore(key, expires ? KEPT_MS : 0, dump)));
  }

  /** Sends a script again. An error is an answer, too. */
  async play({ lua, args }: Pick<SentScript, 'lua' | 'args'>): Promise<unknown> {
    return this.#side.call('EVAL', lua, ...args).catch((error: unknown) => error);
  }

  /** All that stands on Redis, in a form that can be read. */
  async contents(): Promise<Record<string, unknown>> {
    const keys = (await this.#world.keys()).sort();
    return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await this.#read(key)])));
  }

  async #read(key: string): Promise<unknown> {
    const redis = this.#side;
    const expires = (await redis.pttl(key)) > 0;
    switch (await redis.type(key)) {
      case 'hash':
        return { expires, hash: await redis.hgetall(key) };
      case 'list':
        return { expires, list: await redis.lrange(key, 0, -1) };
      case 'zset':
        return { expires, zset: await redis.zrange(key, '0', '-1', 'WITHSCORES') };
      case 'set':
        return { expires, set: (await redis.smembers(key)).sort() };
      case 'stream':
        return { expires, stream: await redis.xrange(key, '-', '+') };
      default:
        return { expires, text: await redis.getBuffer(key).then((value) => value?.toString('latin1')) };
    }
  }

  #listen(): void {
    const client = Object.getPrototypeOf(this.#side) as Client;
    const { sendCommand, defineCommand } = client;
    const scripts = this;
    const texts = new Map<string, { readonly name: string; readonly lua: string }>();
    const own = (one: Client): boolean => one.options.connectionName?.startsWith('bullpen') === true;
    client.defineCommand = function (name, definition) {
      if (own(this)) {
        scripts.defined.set(name, definition.lua);
        texts.set(createHash('sha1').update(definition.lua).digest('hex'), { name, lua: definition.lua });
      }
      defineCommand.call(this, name, definition);
    };
    client.sendCommand = function (command, stream) {
      if (!own(this) || !/^eval(sha)?$/.test(command.name)) return sendCommand.call(this, command, stream);
      const [text, ...args] = command.args as [string, ...(string | Buffer)[]];
      // A script that is sent whole is no command of the client, but a method of the connection.
      const whole = Object.keys(this).find(
        (key) => key.startsWith('bullpen') && !scripts.defined.has(key.replace(/Buffer$/, '')),
      );
      const { name, lua } = texts.get(text) ?? { name: whole ?? '?', lua: text };
      texts.set(text, { name, lua });
      scripts.defined.set(name, lua);
      scripts.#last = scripts.#last.then(async () => {
        const before = await scripts.save();
        void sendCommand.call(this, command, stream);
        const answer = await command.promise.catch((error: unknown) => error);
        scripts.sent.push({
          name,
          lua,
          args: args.map((arg) => (Buffer.isBuffer(arg) ? arg : String(arg))),
          before,
          answer,
        });
      });
      return command.promise;
    };
    this.#world.onClose(async () => Object.assign(client, { sendCommand, defineCommand }));
  }
}
