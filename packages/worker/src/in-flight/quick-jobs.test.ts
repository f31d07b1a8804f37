import { beforeEach, describe, expect, it } from 'vitest';
import { QuickJobs } from './quick-jobs.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let jobs: QuickJobs;
beforeEach(() => {
  jobs = new QuickJobs();
});

/** Ends this many attempts in the turn in which they begin. */
function quickly(job: string, count: number): void {
  for (let at = 0; at < count; at += 1) jobs.ended(job, jobs.turn);
}

describe('QuickJobs', () => {
  it('include no job at first, and a job after a hundred quick attempts in a row', () => {
    quickly('mail.send', 99);
    expect(jobs.isQuick('mail.send')).toBe(false);
    quickly('mail.send', 1);
    expect(jobs.isQuick('mail.send')).toBe(true);
    expect(jobs.isQuick('mail.read')).toBe(false);
  });

  it('exclude a job after one slower attempt, until it was quick as often again', async () => {
    quickly('mail.send', 1_000);
    const begun = jobs.turn;
    await turn();
    jobs.ended('mail.send', begun);
    expect(jobs.isQuick('mail.send')).toBe(false);
    quickly('mail.send', 99);
    expect(jobs.isQuick('mail.send')).toBe(false);
    quickly('mail.send', 1);
    expect(jobs.isQuick('mail.send')).toBe(true);
  });

  it('tell turns of the event loop apart, and count promises to the turn they run in', async () => {
    const begun = jobs.turn;
    await Promise.resolve();
    expect(jobs.turn).toBe(begun);
    await turn();
    expect(jobs.turn).not.toBe(begun);
  });

  it('work with a job that is named like a property of every object', () => {
    for (const job of ['constructor', '__proto__', 'toString']) expect(jobs.isQuick(job)).toBe(false);
  });
});
