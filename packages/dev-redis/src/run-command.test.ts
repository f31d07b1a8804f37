import { describe, expect, it } from 'vitest';
import { exitCodeOf } from './run-command.js';

describe('exitCodeOf', () => {
  it.each([
    ["the command's own code", { exitCode: 3 }, 3],
    ['128 plus the signal', { signal: 'SIGTERM' as const }, 143],
    ['127 for a command that does not exist', { code: 'ENOENT' }, 127],
    ['126 for a command that cannot run', { code: 'EACCES' }, 126],
  ])('is %s', (_, end, code) => {
    expect(exitCodeOf(end)).toBe(code);
  });
});
