import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { captureContext } from './async-context.js';

const tenants = new AsyncLocalStorage<string>();

describe('captureContext', () => {
  it('runs each function in the context of the capture, also after another one entered a context', async () => {
    const inContext = tenants.run('start', captureContext);
    const seen: (string | undefined)[] = [];
    const enter = (tenant: string) => async () => {
      seen.push(tenants.getStore());
      tenants.enterWith(tenant);
      await Promise.resolve();
      seen.push(tenants.getStore());
      tenants.enterWith(`${tenant}, later`);
    };
    await inContext(enter('a'));
    await Promise.all([inContext(enter('b')), inContext(enter('c'))]);
    expect(seen).toEqual(['start', 'a', 'start', 'start', 'b', 'c']);
  });

  it('leaves the context of its caller as it was, and returns what the function returns', () => {
    tenants.run('caller', () => {
      expect(captureContext()(() => tenants.enterWith('handler') ?? 5)).toBe(5);
      expect(tenants.getStore()).toBe('caller');
    });
  });
});
