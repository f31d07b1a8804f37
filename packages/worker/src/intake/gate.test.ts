import type { Logger } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor } from '../../test/fetched-job.js';
import { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { LeaseAnswer } from '../in-flight/lease.js';
import type { Leases } from '../in-flight/leases.js';
import { Gate } from './gate.js';

const LEASE_MS = 10_000;

/**
 * A gate and an attempt that comes to it. When Redis is asked whose the job is, it gives `answer`.
 */
function gateBefore({ answer = 'held' as LeaseAnswer | Error, wasHandedBack = false, ageMs = 0, hasName = true } = {}) {
  const active = new ActiveAttempts();
  const asked: string[] = [];
  const lines: string[] = [];
  const leases = {
    async ask({ jobId }: { jobId: string }): Promise<LeaseAnswer> {
      asked.push(jobId);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const log = { error: (_: object, message: string) => void lines.push(message) } as unknown as Logger;
  const lostFetches = { wasHandedBack: () => wasHandedBack };
  const gate = new Gate({ active, leases: leases as unknown as Leases, lostFetches, leaseMs: LEASE_MS, log });
  const job = fetchedJob({ fetchedAt: Date.now() - ageMs, hasName });
  const attempt = active.begin(job, leaseFor(job, LEASE_MS));
  return { gate, active, attempt, asked, lines };
}

describe('Gate', () => {
  it('lets a job in that was just fetched, and does not ask Redis', () => {
    const { gate, attempt, asked } = gateBefore();
    expect([gate.admit(attempt), asked]).toEqual(['attempt', []]);
  });

  it('hands a job back while the worker drains', () => {
    const { gate, active, attempt } = gateBefore();
    active.startDraining();
    expect(gate.admit(attempt)).toBe('hand back');
  });

  it('leaves a job that was handed back before its reply came, and confirms its attempt', () => {
    const { gate, attempt } = gateBefore({ wasHandedBack: true });
    expect([gate.admit(attempt), attempt.confirmed]).toEqual(['leave', true]);
  });

  it('leaves a job whose lease is lost', () => {
    const { gate, attempt } = gateBefore();
    attempt.lease.lost = true;
    expect([gate.admit(attempt), attempt.confirmed]).toEqual(['leave', false]);
  });

  it.each<[LeaseAnswer, string]>([
    ['held', 'attempt'],
    ['recorded', 'leave'],
    ['returned', 'leave'],
    ['gone', 'leave'],
    ['removed', 'leave'],
    ['lost', 'leave'],
  ])('asks Redis about a job that was fetched half a lease ago: %s', async (answer, admission) => {
    const { gate, attempt, asked } = gateBefore({ answer, ageMs: LEASE_MS / 2 + 100 });
    expect([await gate.admit(attempt), asked]).toEqual([admission, ['j-1']]);
  });

  it.each<[LeaseAnswer, string]>([
    ['held', 'attempt'],
    ['removed', 'leave'],
  ])('asks Redis whether there is a job behind an id without a name: %s', async (answer, admission) => {
    const { gate, attempt, asked } = gateBefore({ answer, hasName: false });
    expect([await gate.admit(attempt), asked]).toEqual([admission, ['j-1']]);
  });

  it('hands such a job back, too, while the worker drains', async () => {
    const { gate, active, attempt } = gateBefore({ ageMs: LEASE_MS });
    active.startDraining();
    expect(await gate.admit(attempt)).toBe('hand back');
  });

  it('leaves such a job, and logs it, when Redis cannot be asked', async () => {
    const { gate, attempt, lines } = gateBefore({ answer: new Error('WRONGTYPE'), ageMs: LEASE_MS });
    expect([await gate.admit(attempt), lines]).toEqual(['leave', ['lease could not be checked']]);
  });
});
