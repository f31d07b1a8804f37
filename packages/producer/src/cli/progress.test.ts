import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startProgress } from './progress.js';

afterEach(() => vi.restoreAllMocks());

/** What is written to a terminal by `draw`. */
function drawn(draw: () => void): string {
  const [isTTY, columns] = ['isTTY', 'columns'].map((name) => Object.getOwnPropertyDescriptor(process.stderr, name));
  Object.defineProperties(process.stderr, {
    isTTY: { value: true, configurable: true },
    columns: { value: 80, configurable: true },
  });
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    draw();
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    for (const [name, was] of Object.entries({ isTTY, columns })) {
      Reflect.deleteProperty(process.stderr, name);
      if (was !== undefined) Object.defineProperty(process.stderr, name, was);
    }
  }
}

/**
 * The lines that a terminal shows in the end, of text that only goes back to the beginning of a
 * line.
 */
const linesOf = (text: string): string[] =>
  text.split('\n').map((line) => {
    const parts = line.replaceAll('\u001B[1G', '\r').split('\r').map(stripVTControlCharacters);
    return (parts.findLast((part) => part !== '') ?? '').trim();
  });

describe('a bar', () => {
  it('stays below what is said meanwhile, which has lines of its own', () => {
    const text = drawn(() => {
      const bar = startProgress('enqueuing', 100);
      bar.update(50, 5, '1 rejected');
      bar.say('rejected row 1 (line 2): odd');
      bar.say('rejected row 4 (line 5): odd');
      bar.stop();
      bar.say('all said');
    });
    const [first, second, third, ...rest] = linesOf(text);
    expect([first, second]).toEqual(['rejected row 1 (line 2): odd', 'rejected row 4 (line 5): odd']);
    expect(third).toMatch(/^enqueuing █+░+ 50% .* 1 rejected$/);
    expect(rest).toEqual(['all said', '']);
  });

  it('wraps what is said, and cuts itself off', () => {
    const text = drawn(() => {
      const bar = startProgress('enqueuing', 100);
      bar.say('a long line');
      bar.stop();
    });
    expect(text).toContain('\u001B[?7ha long line\n\u001B[?7l');
  });

  it('says in place of its figures why nothing moves, until something does', () => {
    const text = drawn(() => {
      const bar = startProgress('enqueuing', 100);
      bar.update(50, 5, '');
      bar.wait("waiting for room: 100 jobs wait on 'mails'");
      bar.say('first');
      bar.update(60, 6, '');
      bar.stop();
    });
    expect(stripVTControlCharacters(text)).toMatch(/░ 50% {2}waiting for room: 100 jobs wait on 'mails'/);
    expect(linesOf(text)[1]).toMatch(/60% {2}\S+\/s {2}ETA \S+$/);
  });

  it('is taken away when there was nothing to do', () => {
    const text = drawn(() => startProgress('enqueuing', 100).clear());
    expect(text.endsWith('\n\u001B[1A\u001B[2K')).toBe(true);
  });

  it('says in a pipe, once for each wait, why nothing moves, when it has been so for a while', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const bar = startProgress('enqueuing', 100);
    const waitUntil = (at: number): void => {
      now.mockReturnValue(at);
      bar.wait(`waiting at ${at}`);
    };
    for (const at of [0, 900, 1_000, 1_100, 9_000]) waitUntil(at);
    bar.update(50, 5, '');
    for (const at of [10_000, 10_900]) waitUntil(at);
    bar.update(60, 6, '');
    for (const at of [11_000, 12_500, 13_000]) waitUntil(at);
    expect(write.mock.calls.map(([text]) => text).join('')).toBe('waiting at 1000\nwaiting at 12500\n');
  });

  it('is a line every ten seconds in a pipe, with the same figures, also while nothing moves', () => {
    vi.useFakeTimers({ now: 0 });
    onTestFinished(() => void vi.useRealTimers());
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const said = () => write.mock.calls.splice(0).map(([text]) => text);
    const bar = startProgress('settling', 5_000, 'batch m: waiting until 5,000 rows are settled');
    expect(said()).toEqual(['batch m: waiting until 5,000 rows are settled\n']);
    vi.advanceTimersByTime(9_000);
    bar.update(900, 900, '');
    expect(said()).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(said()).toEqual(['settling: 900 rows, 18%  90/s  ETA 46s\n']);
    bar.update(1_000, 1_000, '7 failed');
    vi.advanceTimersByTime(20_000);
    expect(said()).toEqual([
      'settling: 1,000 rows, 20%  50/s  ETA 1m20s  7 failed\n',
      'settling: 1,000 rows, 20%  33/s  ETA 2m00s  7 failed\n',
    ]);
    bar.wait('waiting for room');
    vi.advanceTimersByTime(10_000);
    expect(said()).toEqual(['waiting for room\n']);
    bar.stop();
    vi.advanceTimersByTime(60_000);
    expect(said()).toEqual([]);
  });

  it('is nothing in a pipe before that, where what is said is a line', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const bar = startProgress('enqueuing', 100);
    bar.update(50, 5, '');
    bar.say('odd');
    bar.stop();
    bar.clear();
    expect(write.mock.calls.map(([text]) => text).join('')).toBe('odd\n');
  });
});
