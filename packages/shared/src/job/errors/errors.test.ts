import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as attemptErrors from './attempt-errors.js';
import * as bullpenError from './bullpen-error.js';
import * as callErrors from './call-errors.js';
import * as codes from './has-code.js';

const errors = { ...attemptErrors, ...bullpenError, ...callErrors, ...codes };

const faults = [
  { path: 'to', reason: 'is missing' },
  { path: '', reason: 'is wrong' },
];

describe('the errors of Bullpen', () => {
  it.each([
    [new errors.BatchConflict({ name: 'a' }, 'x'), 'BatchConflict', 'BULLPEN_BATCH_CONFLICT'],
    [new errors.BatchUnknown({ name: 'a' }, 'x'), 'BatchUnknown', 'BULLPEN_BATCH_UNKNOWN'],
    [new errors.ConfigInvalid('x', faults), 'ConfigInvalid', 'BULLPEN_CONFIG_INVALID'],
    [new errors.DeadlineExceeded(5), 'DeadlineExceeded', 'BULLPEN_DEADLINE_EXCEEDED'],
    [new errors.HandlerMissing('x'), 'HandlerMissing', 'BULLPEN_HANDLER_MISSING'],
    [new errors.HandlersInvalid('x', faults), 'HandlersInvalid', 'BULLPEN_HANDLERS_INVALID'],
    [new errors.JobCancelled(), 'JobCancelled', 'BULLPEN_JOB_CANCELLED'],
    [new errors.JobDefinitionInvalid('x', faults), 'JobDefinitionInvalid', 'BULLPEN_JOB_DEFINITION_INVALID'],
    [new errors.JobExpired(0), 'JobExpired', 'BULLPEN_JOB_EXPIRED'],
    [new errors.JobRejected('x'), 'JobRejected', 'BULLPEN_JOB_REJECTED'],
    [new errors.JobSnoozed({ in: 0 }), 'JobSnoozed', 'BULLPEN_JOB_SNOOZED'],
    [new errors.LeaseLost(), 'LeaseLost', 'BULLPEN_LEASE_LOST'],
    [new errors.BatchLost({ name: 'b' }, 'at once'), 'BatchLost', 'BULLPEN_BATCH_LOST'],
    [new errors.ModuleInvalid('x'), 'ModuleInvalid', 'BULLPEN_MODULE_INVALID'],
    [new errors.OptionsInvalid('x', faults), 'OptionsInvalid', 'BULLPEN_OPTIONS_INVALID'],
    [new errors.PayloadInvalid('x', faults), 'PayloadInvalid', 'BULLPEN_PAYLOAD_INVALID'],
    [new errors.ProducerClosed('x'), 'ProducerClosed', 'BULLPEN_PRODUCER_CLOSED'],
    [new errors.QueueFull('mail', 5), 'QueueFull', 'BULLPEN_QUEUE_FULL'],
    [new errors.RedisUnavailable('x', { unanswered: true }), 'RedisUnavailable', 'BULLPEN_REDIS_UNAVAILABLE'],
    [new errors.ResultInvalid('x', faults), 'ResultInvalid', 'BULLPEN_RESULT_INVALID'],
    [new errors.SourceInvalid('x'), 'SourceInvalid', 'BULLPEN_SOURCE_INVALID'],
    [new errors.WorkerDraining(), 'WorkerDraining', 'BULLPEN_WORKER_DRAINING'],
  ])('%s is named for the fact and keeps its code in every release', (error, name, code) => {
    expect(error).toBeInstanceOf(errors.BullpenError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code]).toEqual([name, code]);
    expect(error.message).not.toBe('');
  });

  it('list every fault in the message, and keep them as values', () => {
    const error = new errors.PayloadInvalid('payload of mail.send', faults);
    expect(error.message).toBe('payload of mail.send: to: is missing; is wrong');
    expect(error.faults).toEqual(faults);
  });

  it('keep their cause', () => {
    const cause = new Error('ECONNREFUSED');
    expect(new errors.RedisUnavailable('away', { cause, unanswered: false }).cause).toBe(cause);
    expect(new errors.JobRejected('no such customer', { cause }).cause).toBe(cause);
  });

  it('say until when a job is snoozed, given as a duration from now or as a Date', () => {
    const until = new Date(Date.now() + 60_000);
    expect(new errors.JobSnoozed({ until }).untilAt).toBe(until.getTime());
    const before = Date.now();
    const { untilAt } = new errors.JobSnoozed({ in: '5m' });
    expect(untilAt).toBeGreaterThanOrEqual(before + 300_000);
    expect(untilAt).toBeLessThanOrEqual(Date.now() + 300_000);
  });

  it.each<[string, unknown, string]>([
    ['seconds', 300, "expected { in: '5m' } or { until: date }, got 300"],
    ['an instant', 1_900_000_000_000, "expected { in: '5m' } or { until: date }, got 1900000000000"],
    ['a bare Date', new Date('2100-01-01'), "expected { in: '5m' } or { until: date }, got "],
    ['a duration', '5m', "expected { in: '5m' } or { until: date }, got '5m'"],
    ['nothing', undefined, "expected { in: '5m' } or { until: date }, got undefined"],
    ['both', { in: '5m', until: new Date('2100-01-01') }, 'got both'],
    ['a wrong duration', { in: 'soon' }, "in: expected a duration such as '30s' or milliseconds, got 'soon'"],
    ['a negative duration', { in: -5 }, 'in: a duration cannot be negative, got -5'],
    ['a duration in the wrong unit', { in: Date.now() }, 'in: expected at most 10 years'],
    ['an instant in the wrong unit', { until: new Date(8.64e15) }, 'until: expected at most 10 years from now'],
    ['a misspelt word', { in: '5m', untli: 1 }, 'untli: expected in or until alone'],
    ['a past date', { until: new Date(300) }, 'until: has passed already (1970-01-01T00:00:00.300Z)'],
    ['a number as a date', { until: 1_900_000_000_000 }, 'until: expected a Date, got 1900000000000'],
    ['an invalid date', { until: new Date('soon') }, 'until: expected a valid Date'],
  ])('refuse to snooze until %s', (_, time, reason) => {
    expect(() => new errors.JobSnoozed(time as never)).toThrow(errors.OptionsInvalid);
    expect(() => new errors.JobSnoozed(time as never)).toThrow(reason);
  });

  it('say whether an outage left a command unanswered', () => {
    expect(new errors.RedisUnavailable('away', { unanswered: true }).unanswered).toBe(true);
    expect(new errors.RedisUnavailable('away', { unanswered: false }).unanswered).toBe(false);
  });
});

describe('hasCode', () => {
  it('recognises an error by its code, whichever copy of the package made it', () => {
    expect(errors.hasCode(new errors.JobRejected('x'), 'BULLPEN_JOB_REJECTED')).toBe(true);
    expect(errors.hasCode({ code: 'BULLPEN_JOB_REJECTED' }, 'BULLPEN_JOB_REJECTED')).toBe(true);
    expect(errors.hasCode(new errors.JobRejected('x'), 'BULLPEN_JOB_SNOOZED')).toBe(false);
  });

  it('gives the error its type, and knows every class', () => {
    const error: unknown = new errors.PayloadInvalid('payload', faults);
    expect(errors.hasCode(error, 'BULLPEN_PAYLOAD_INVALID') && error.faults).toEqual(faults);
    type Classes = typeof errors;
    type Made = { [Name in keyof Classes]: Classes[Name] extends new (..._: never) => infer E ? E : never };
    expectTypeOf<keyof codes.ErrorsByCode>().toEqualTypeOf<Made[keyof Classes]['code']>();
  });

  it('refuses a code that no class has, unless the class is given', () => {
    // @ts-expect-error: there is no such code
    expect(errors.hasCode(new errors.JobCancelled(), 'BULLPEN_JOB_CANCELED')).toBe(false);
    abstract class Other extends errors.BullpenError {
      abstract override readonly code: 'BULLPEN_OTHER';
    }
    expect(errors.hasCode<Other>({ code: 'BULLPEN_OTHER' }, 'BULLPEN_OTHER')).toBe(true);
  });

  it('is false for everything else, and never throws', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const getter = {
      get code(): string {
        throw new Error('not yours to read');
      },
    };
    for (const value of [revoked.proxy, getter, null, undefined, 'BULLPEN_JOB_REJECTED', 5, Object.create(null)]) {
      expect(errors.hasCode(value, 'BULLPEN_JOB_REJECTED')).toBe(false);
    }
    fc.assert(fc.property(fc.anything(), (value) => !errors.hasCode(value, 'BULLPEN_JOB_REJECTED')));
  });
});
