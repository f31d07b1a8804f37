import type { EventsOption } from '@bullpen/shared';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventsDeclaration } from './declare-events.js';
import type { ProducerRedis } from './producer-redis.js';

/** A declaration, on a fake Redis with what the queues declare already. */
function declarationOf(option: EventsOption | undefined, stored: Record<string, string> = {}) {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const state = { asked: 0, isAway: false, stored: new Map(Object.entries(stored)) };
  const redis = {
    hget: async (meta: string) => state.stored.get(meta) ?? null,
    hset: async (meta: string, _: string, events: string) => void state.stored.set(meta, events),
  } as unknown as ProducerRedis;
  const ask = async <T>(command: (redis: ProducerRedis) => Promise<T>): Promise<T> => {
    state.asked += 1;
    if (state.isAway) throw new Error('away');
    return command(redis);
  };
  return { declaration: new EventsDeclaration(option, { prefix: 'p', ask }), state, warnings };
}

afterEach(() => vi.restoreAllMocks());

describe('EventsDeclaration', () => {
  it('asks nothing for a queue for which nothing is declared', () => {
    const { declaration, state } = declarationOf({ mails: 'all' });
    expect(declaration.declare('clicks')).toBeUndefined();
    expect(declarationOf(undefined).declaration.declare('mails')).toBeUndefined();
    expect(state.asked).toBe(0);
  });

  it('writes the value once, for all calls that come meanwhile and later', async () => {
    const { declaration, state, warnings } = declarationOf('all');
    await Promise.all([declaration.declare('mails'), declaration.declare('mails')]);
    expect(declaration.declare('mails')).toBeUndefined();
    expect(state.asked).toBe(1);
    expect([...state.stored]).toEqual([['p:mails:meta', 'all']]);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('warns once when it changes what another process had declared, and not when it finds its own', async () => {
    const { declaration, state, warnings } = declarationOf('none', { 'p:mails:meta': 'all', 'p:clicks:meta': 'none' });
    for (const queue of ['mails', 'clicks', 'mails']) await declaration.declare(queue);
    expect(state.stored.get('p:mails:meta')).toBe('none');
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(/^queue 'mails' told 'all' events, .* and tells 'none' now: give all producers/),
        { type: 'BullpenWarning', code: 'BULLPEN_EVENTS_DIFFER' },
      ],
    ]);
  });

  it('fails with Redis, and tries again at the next call', async () => {
    const { declaration, state } = declarationOf('all');
    state.isAway = true;
    await expect(Promise.all([declaration.declare('mails'), declaration.declare('mails')])).rejects.toThrow('away');
    state.isAway = false;
    await declaration.declare('mails');
    expect([...state.stored.values()]).toEqual(['all']);
  });
});
