import { beforeEach, describe, expect, it } from 'vitest';
import { QuickJobs } from './quick-jobs.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let jobs: QuickJobs;
beforeEach(() => {
  jobs = new QuickJobs();
});

/** Ends so many attempts in the turn in which they begin. */
function quickly(job: string, count: number): void {
  for (let at = 0; at < count; at += 1) jobs.ended(job, jobs.turn);
}

describe('QuickJobs', () => {
  it('trust nobody at first, and who was quick a hundred times in a row from then on', () => {
    quickly('mail.send', 99);
    expect(jobs.trusts('mail.send')).toBe(false);
    quickly('mail.send', 1);
    expect(jobs.trusts('mail.send')).toBe(true);
    expect(jobs.trusts('mail.read')).toBe(false);
  });

  it('trust nobody any more who took longer once, until it was quick as often again', async () => {
    quickly('mail.send', 1_000);
    const begun = jobs.turn;
    await turn();
    jobs.ended('mail.send', begun);
    expect(jobs.trusts('mail.send')).toBe(false);
    quickly('mail.send', 99);
    expect(jobs.trusts('mail.send')).toBe(false);
    quickly('mail.send', 1);
    expect(jobs.trusts('mail.send')).toBe(true);
  });

  it('know one turn of the event loop from the next, and promises from neither', async () => {
    const begun = jobs.turn;
    await Promise.resolve();
    expect(jobs.turn).toBe(begun);
    await turn();
    expect(jobs.turn).not.toBe(begun);
  });

  it('are not led astray by a job that is named like something of every object', () => {
    for (const job of ['constructor', '__proto__', 'toString']) expect(jobs.trusts(job)).toBe(false);
  });
});
