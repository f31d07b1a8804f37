import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import { Outage } from '../redis/outage.js';
import { ActiveAttempts } from './active-attempts.js';
import { type HealthDeps, healthOf } from './health.js';

/**
 * A healthy worker of queues mail (two slots) and images (one slot) with these attempts. Those with
 * a `!` are stuck.
 */
function worker(...attempts: string[]): HealthDeps & { redis: Redis & { status: string } } {
  const active = new ActiveAttempts();
  for (const [at, text] of attempts.entries()) {
    const queue = text.replace('!', '');
    const attempt = active.begin(fetchedJob({ queue, id: `j-${at}`, name: `${queue}.do` }), leaseFor());
    if (text.endsWith('!')) attempt.markStuck();
  }
  const redis = Object.assign(new EventEmitter(), { status: 'ready' }) as unknown as Redis;
  const outage = new Outage(redis, 'redis://host', { info: () => undefined, warn: () => undefined } as never as Logger);
  const serves = [
    { queue: 'mail', concurrency: 2 },
    { queue: 'images', concurrency: 1 },
  ];
  return { active, serves, isReady: true, isDraining: false, redis, outage, connections: { missing: [] } };
}

describe('healthOf', () => {
  it('finds no problem with a healthy worker', () => {
    expect(healthOf(worker('mail', 'images'))).toEqual({
      ...{ live: true, ready: true, connected: true, draining: false, problems: [], stuck: [] },
    });
  });

  it('names stuck attempts, and is live while each queue has a slot left', () => {
    expect(healthOf(worker('mail!', 'mail', 'images'))).toMatchObject({
      ...{ live: true, ready: true, problems: [], stuck: [{ job: 'mail.do', jobId: 'j-0', queue: 'mail' }] },
    });
  });

  it('is not live when all slots of one queue are stuck, whatever the other queues do', () => {
    expect(healthOf(worker('mail!', 'mail!'))).toMatchObject({
      ...{ live: false, ready: false, problems: ["all 2 slots of queue 'mail' are stuck"] },
    });
    expect(healthOf(worker('mail!', 'images!'))).toMatchObject({
      ...{ live: false, ready: false, problems: ["all 1 slots of queue 'images' are stuck"] },
    });
  });

  it('is live and not ready while Redis is away', () => {
    const parts = worker();
    parts.redis.status = 'reconnecting';
    expect(healthOf(parts)).toMatchObject({
      ...{ live: true, ready: false, connected: false, problems: ['redis is unavailable'] },
    });
  });

  it('is live and not ready while Redis refuses writes', () => {
    const parts = worker();
    parts.outage.noteIfOutage(new Error("READONLY You can't write against a read only replica."));
    expect(healthOf(parts)).toMatchObject({
      ...{ live: true, ready: false, connected: false, problems: ['redis is unavailable'] },
    });
    parts.outage.accepted();
    expect(healthOf(parts)).toMatchObject({ ready: true, connected: true, problems: [] });
  });

  it('is live and not ready while a connection beside the main one is missing', () => {
    const connections = { missing: ["waits for jobs of queue 'mail'", 'hears of cancellations'] };
    expect(healthOf({ ...worker(), connections })).toMatchObject({
      ...{ live: true, ready: false, connected: false },
      problems: connections.missing.map((does) => `redis is unavailable to the connection that ${does}`),
    });
  });

  it('is live and not ready while it starts or drains; draining is named first', () => {
    const parts = worker('mail');
    const starting = healthOf({ ...parts, isReady: false });
    expect(starting).toMatchObject({ live: true, ready: false, draining: false, problems: ['the worker is starting'] });
    for (const isReady of [true, false]) {
      const draining = healthOf({ ...parts, isReady, isDraining: true });
      expect(draining).toMatchObject({
        ...{ live: true, ready: false, draining: true, problems: ['the worker is draining'] },
      });
    }
  });

  it('names every problem at once', () => {
    const parts = worker('mail!', 'mail!', 'images!');
    parts.redis.status = 'close';
    expect(healthOf({ ...parts, isDraining: true }).problems).toEqual([
      ...["all 2 slots of queue 'mail' are stuck", "all 1 slots of queue 'images' are stuck"],
      ...['redis is unavailable', 'the worker is draining'],
    ]);
  });
});
