import { describe, expect, it } from 'vitest';
import { defineScripts, type ScriptArg } from './define-scripts.js';
import type { Redis } from './redis.js';

interface Commands {
  bullpenShort(...args: ScriptArg[]): Promise<string>;
  bullpenWhole(...args: ScriptArg[]): Promise<string>;
}

/** A connection that keeps what it was asked. */
function connection() {
  const defined: unknown[] = [];
  const sent: unknown[] = [];
  const redis = {
    defineCommand: (...args: unknown[]) => void defined.push(args),
    eval: async (...args: unknown[]) => void sent.push(args),
  } as unknown as Redis;
  return { redis, defined, sent };
}

describe('defineScripts', () => {
  it('gives the same connection a command for each script, and sends one whole if that is asked for', async () => {
    const { redis, defined, sent } = connection();
    const scripted = defineScripts<Commands>(redis, {
      bullpenShort: { keys: 2, lua: 'return 1', effect: 'adds' },
      bullpenWhole: { keys: 1, lua: 'return 2', effect: 'frees', sentWhole: true },
    });
    expect(scripted).toBe(redis);
    expect(defined).toEqual([['bullpenShort', { numberOfKeys: 2, lua: '#!lua\nreturn 1' }]]);
    await scripted.bullpenWhole('key', 'a', 5);
    expect(sent).toEqual([['#!lua flags=allow-oom\nreturn 2', 1, 'key', 'a', 5]]);
  });
});
