import { defineJob, HandlersInvalid, type JobDefinition } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyHandler, handle } from './handler.js';
import { buildRegistry } from './registry.js';

const payload = z.unknown();
const welcome = defineJob({ name: 'registry.welcome', queue: 'mail', payload });
const invoice = defineJob({ name: 'registry.invoice', queue: 'mail', payload });
const resize = defineJob({ name: 'registry.resize', queue: 'images', payload });

const handlerOf = (job: JobDefinition): AnyHandler => handle(job, () => undefined);

/** The faults of building a registry, as `path: reason`, or nothing. */
function faultsOf(...args: Parameters<typeof buildRegistry>): readonly string[] {
  try {
    buildRegistry(...args);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(HandlersInvalid);
    return (error as HandlersInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

describe('buildRegistry', () => {
  it.each([undefined, () => undefined, { welcome: 1 }])('says that %s is no list of handlers', (given) => {
    expect(faultsOf(given as never, [], undefined)).toEqual(['handlers: expected a list of what handle() returns']);
  });

  it('sorts handlers by queue and by job', () => {
    const handlers = [welcome, resize, invoice].map(handlerOf);
    const registry = buildRegistry(handlers, [welcome, invoice, resize], undefined);
    expect([...registry].map(([queue, jobs]) => [queue, [...jobs.keys()]])).toEqual([
      ['mail', ['registry.welcome', 'registry.invoice']],
      ['images', ['registry.resize']],
    ]);
    expect(registry.get('images')?.get('registry.resize')).toBe(handlers[1]);
  });

  it('serves only the queues that were named', () => {
    const registry = buildRegistry([welcome, resize].map(handlerOf), [welcome, resize], ['images']);
    expect([...registry.keys()]).toEqual(['images']);
  });

  it('ignores jobs of queues that are not served', () => {
    expect(faultsOf([handlerOf(resize)], [welcome, invoice, resize], undefined)).toEqual([]);
    expect(faultsOf([welcome, resize].map(handlerOf), [welcome, invoice, resize], ['images'])).toEqual([]);
  });

  it('refuses a job with two handlers', () => {
    expect(faultsOf([resize, resize].map(handlerOf), [], undefined)).toEqual([
      'registry.resize: has two handlers; export one',
    ]);
  });

  it('refuses a job without a handler on a queue that is served: it would be fetched and rejected', () => {
    expect(faultsOf([handlerOf(welcome)], [welcome, invoice], undefined)).toEqual([
      `registry.invoice: is defined on queue 'mail' at ${invoice.definedAt}, but has no handler here`,
    ]);
  });

  it('refuses a queue for which there is no handler', () => {
    expect(faultsOf([handlerOf(welcome)], [welcome], ['mail', 'fax'])).toEqual([
      "queues: no handler is for a job on queue 'fax'",
    ]);
  });

  it('refuses to start without handlers', () => {
    expect(faultsOf([], [welcome], undefined)).toEqual(['handlers: there are none']);
    expect(faultsOf([handlerOf(welcome)], [welcome], [])).toEqual(['handlers: there are none']);
  });

  it('refuses a handler that handle did not make', () => {
    const other = [null, undefined, () => 1, { job: welcome, run: () => 1 }, welcome];
    for (const handler of other) {
      expect(faultsOf([handler as never], [], undefined)).toEqual(['handlers: expected what handle() returns']);
    }
  });

  it('names every fault at once', () => {
    const handlers = [handlerOf(resize), handlerOf(resize), 5 as never, handlerOf(welcome)];
    expect(faultsOf(handlers, [welcome, invoice], ['images', 'mail', 'fax'])).toHaveLength(4);
  });
});
