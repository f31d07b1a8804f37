import { describe, expect, it } from 'vitest';
import { exitCodeOf } from './run-command.js';

describe('exitCodeOf', () => {
  it.each([
    ["the command's own code", { exitCode: 3 }, 3],
    ['128 and the signal', { signal: 'SIGTERM' as const }, 143],
    ['127 for a command that is not there', { code: 'ENOENT' }, 127],
    ['126 for one that cannot be run', { code: 'EACCES' }, 126],
  ])('is %s', (_, end, code) => {
    expect(exitCodeOf(end)).toBe(code);
  });
});
