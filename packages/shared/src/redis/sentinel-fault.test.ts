import { expect, test } from 'vitest';
import { refusesUs } from './redis-faults.js';
import { sentinelFault } from './sentinel-fault.js';

const failed = (reason: string) => `failed to connect to sentinel 10.0.0.1:26379 because ${reason}`;

test.each([
  [failed('connect ECONNREFUSED 10.0.0.1:26379'), 'connect ECONNREFUSED 10.0.0.1:26379 (sentinel 10.0.0.1:26379)'],
  [failed('Command timed out'), 'Command timed out (sentinel 10.0.0.1:26379)'],
  [failed('ERR No such master with that name'), "sentinel 10.0.0.1:26379 knows no primary 'jobs'"],
  ['connected to sentinel s:1 successfully, but got an invalid reply: null', "sentinel s:1 knows no primary 'jobs'"],
  ['something else', 'something else'],
])('%s', (message, fault) => {
  expect(sentinelFault(message, 'jobs')).toBe(fault);
});

test('a refusal by a sentinel reads as a refusal by Redis', () => {
  expect(refusesUs(new Error(sentinelFault(failed('WRONGPASS invalid username-password pair'), 'jobs')))).toBe(true);
  expect(refusesUs(new Error(sentinelFault(failed('connect ETIMEDOUT'), 'jobs')))).toBe(false);
});
