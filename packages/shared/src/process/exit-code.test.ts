import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import * as errors from '../job/errors/call-errors.js';
import { EXIT, exitCodeOf, reportFailure } from './exit-code.js';

const faults = [{ path: 'x', reason: 'is wrong' }];

describe('exitCodeOf', () => {
  it.each([
    [new errors.ConfigInvalid('config', faults), 64],
    [new errors.HandlersInvalid('handlers', faults), 64],
    [new errors.JobDefinitionInvalid('job', faults), 64],
    [new errors.ModuleInvalid('module'), 64],
    [new errors.OptionsInvalid('options', faults), 64],
    [new errors.SourceInvalid('source'), 64],
    [new errors.BatchConflict({ name: 'a' }, 'another one'), 64],
    [new errors.BatchUnknown({ name: 'a' }, 'no such batch'), 64],
    [new errors.PayloadInvalid('payload', faults), 65],
    [new errors.RedisUnavailable('away', { unanswered: false }), 69],
    [new errors.QueueFull('mail', 5), 75],
    [new errors.ProducerClosed('closed'), 1],
  ])('ends with the code of what went wrong: %s', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it('ends well after help and version, with usage after what the command line parser refused', () => {
    for (const code of ['commander.helpDisplayed', 'commander.help', 'commander.version']) {
      expect(exitCodeOf({ code, exitCode: 0 })).toBe(0);
    }
    expect(exitCodeOf({ code: 'commander.unknownOption', exitCode: 1 })).toBe(64);
    // Help that somebody gets who names no command.
    expect(exitCodeOf({ code: 'commander.help', exitCode: 1 })).toBe(64);
  });

  it('knows the errors of another copy of this package, by their code', () => {
    expect(exitCodeOf(Object.assign(new Error('away'), { code: 'BULLPEN_REDIS_UNAVAILABLE' }))).toBe(69);
  });

  it('ends with 1 for everything else', () => {
    for (const error of [new Error('boom'), { code: 'ENOENT' }, { code: 64 }, 'boom', null, undefined]) {
      expect(exitCodeOf(error)).toBe(1);
    }
  });

  it('is one of ours for every code there may be, the names of Object among them', () => {
    const ours: number[] = Object.values(EXIT);
    fc.assert(
      fc.property(fc.string(), (code) => {
        expect(ours).toContain(exitCodeOf({ code }));
      }),
      { examples: [['toString'], ['constructor'], ['__proto__'], ['hasOwnProperty']] },
    );
  });
});

describe('reportFailure', () => {
  it('says it in one line that commands no terminal, whatever was typed', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(reportFailure('bullpen-x', new errors.SourceInvalid('there is no file a\u001B[31m\nb'))).toBe(64);
      expect(write.mock.calls).toEqual([['bullpen-x: there is no file a [31m b\n']]);
    } finally {
      write.mockRestore();
    }
  });
});
