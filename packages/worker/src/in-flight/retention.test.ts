import type { Logger } from '@bullpen/shared';
import { describe, expect, it, vi } from 'vitest';
import type { SharedSettings } from './queue-settings.js';
import { Retention } from './retention.js';

const kept: SharedSettings = {
  ...{ keepCompleted: 7, keepCompletedFor: 86_400_000, keepFailed: 5, keepFailedFor: 30 * 86_400_000, events: 'ends' },
};

/** A retention of queues that keep this, and what it warns of. */
function retentionOf(settings: Partial<SharedSettings> = {}) {
  const warnings: object[] = [];
  const log = { warn: (fields: object) => void warnings.push(fields) } as unknown as Logger;
  return { retention: new Retention({ of: () => ({ ...kept, ...settings }) }, log), warnings };
}

describe('Retention', () => {
  it('says what to keep in BullMQ’s words: seconds, rounded up', () => {
    const { retention } = retentionOf({ keepFailedFor: 1_500 });
    expect(retention.keep('mail', 'completed')).toEqual({ count: 7, age: 86_400 });
    expect(retention.keep('mail', 'failed')).toEqual({ count: 5, age: 2 });
  });

  it('reports failed jobs that were removed at once, and then at most every ten minutes', () => {
    const now = vi.spyOn(performance, 'now');
    const { retention, warnings } = retentionOf();
    const removed = (minutes: number, count: number, queue = 'mail'): void => {
      now.mockReturnValue(minutes * 60_000);
      retention.failedRemoved(queue, count);
    };
    for (const minutes of [1, 2, 10.9, 11, 12]) removed(minutes, 2);
    removed(12, 3, 'images');
    now.mockRestore();
    const reported = { queue: 'mail', keepFailed: 5, keepFailedFor: '30d' };
    expect(warnings).toEqual([
      { ...reported, removed: 2 },
      { ...reported, removed: 6 },
      { ...reported, queue: 'images', removed: 3 },
    ]);
  });
});
