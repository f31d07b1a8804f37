import { describe, expect, it } from 'vitest';
import { Releasers } from './releasers.js';

describe('Releasers', () => {
  it('closes the last one first, and each one once', async () => {
    const closed: string[] = [];
    const releasers = new Releasers();
    releasers.add(async () => closed.push('redis'));
    releasers.add(() => closed.push('worker'));
    await releasers.release();
    await releasers.release();
    expect(closed).toEqual(['worker', 'redis']);
  });

  it('goes on after a fault, and throws it at the end', async () => {
    const closed: string[] = [];
    const releasers = new Releasers();
    releasers.add(() => closed.push('redis'));
    releasers.add(() => Promise.reject(new Error('the receiver would not close')));
    await expect(releasers.release()).rejects.toThrow('the receiver would not close');
    expect(closed).toEqual(['redis']);
  });
});
