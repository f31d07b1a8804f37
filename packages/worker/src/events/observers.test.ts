import type { Logger } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { Observers, type WorkerEvent } from './observers.js';

const outage: WorkerEvent = { kind: 'outage-began' };

function observed() {
  const lines: string[] = [];
  const log = { error: (_: object, message: string) => void lines.push(message) };
  return { observers: new Observers(log as unknown as Logger, (run) => run()), lines };
}

describe('observers', () => {
  it('are called until they are removed, each as often as it was added', () => {
    const { observers } = observed();
    const told: WorkerEvent[] = [];
    const observer = (event: WorkerEvent) => void told.push(event);
    expect(observers.any).toBe(false);
    const [stopFirst, stopSecond] = [observers.add(observer), observers.add(observer)];
    observers.tell(outage);
    expect([told.length, observers.any]).toEqual([2, true]);
    stopFirst();
    stopFirst();
    observers.tell(outage);
    expect(told).toEqual([outage, outage, outage]);
    stopSecond();
    expect(observers.any).toBe(false);
  });

  it('are functions: the name of an event comes first elsewhere', () => {
    expect(() => observed().observers.add('completed' as never)).toThrow(
      "cannot observe the worker: observer: expected a function that gets each event, got 'completed'",
    );
  });

  it('do no harm when they throw, and the first error is logged', () => {
    const { observers, lines } = observed();
    const told: WorkerEvent[] = [];
    observers.add(() => {
      throw new Error('boom');
    });
    observers.add((event) => void told.push(event));
    observers.tell(outage);
    observers.tell(outage);
    expect([told.length, lines]).toEqual([2, ['observer of the worker threw']]);
  });
});
