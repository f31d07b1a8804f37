import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Buckets, registerHistogram } from './histogram.js';

const BOUNDS = [0.1, 1, 10];

/** What a registry tells of these values: by our histogram and by prom-client's. */
async function told(values: readonly number[]): Promise<[ours: string, theirs: string]> {
  const [ours, theirs] = [new Registry(), new Registry()];
  const about = { name: 'wait_seconds', help: 'How long.' };
  const buckets = new Buckets(BOUNDS);
  registerHistogram(ours, { ...about, series: () => [[{ queue: 'a "b"\\\n' }, buckets]] });
  const histogram = new Histogram({ ...about, labelNames: ['queue'], buckets: BOUNDS, registers: [theirs] });
  histogram.zero({ queue: 'a "b"\\\n' });
  for (const value of values) {
    buckets.observe(value);
    histogram.observe({ queue: 'a "b"\\\n' }, value);
  }
  return [await ours.metrics(), await theirs.metrics()];
}

describe('a histogram', () => {
  it('says word for word what prom-client’s own does', async () => {
    const value = fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(0, ...BOUNDS));
    await fc.assert(
      fc.asyncProperty(fc.array(value), async (values) => {
        const [ours, theirs] = await told(values);
        expect(ours).toBe(theirs);
      }),
    );
  });

  it('is refused by a registry that has one of its name', () => {
    const registry = new Registry();
    const parts = { name: 'wait_seconds', help: 'How long.', series: () => [] };
    registerHistogram(registry, parts);
    expect(() => registerHistogram(registry, parts)).toThrow('already been registered');
  });
});
