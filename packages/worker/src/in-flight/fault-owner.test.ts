import { HandlerCrashed } from '@bullpen/shared';
import { onFault } from '@bullpen/shared/internal';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { captureContext } from '../attempt/async-context.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import { type FaultOwner, faultOwner, type OwnedFault, runOwnedBy } from './fault-owner.js';

const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Keeps the faults that a test makes on purpose from the test runner. */
beforeEach(() => {
  const heard = FAULTS.map((fault) => process.listeners(fault as 'exit'));
  for (const fault of FAULTS) process.removeAllListeners(fault);
  onTestFinished(() => {
    for (const [at, fault] of FAULTS.entries()) {
      for (const listener of heard[at] ?? []) process.addListener(fault as 'exit', listener);
    }
  });
});

const active = new ActiveAttempts();
const inContext = captureContext();

/** An attempt in flight. */
function begin(jobId: string): ActiveAttempt {
  return active.begin(fetchedJob({ id: jobId }), leaseFor());
}

/** Leaves a fault behind, and resolves with its owner. */
async function found(leaveFault: () => void): Promise<FaultOwner | undefined> {
  return (await ownerFoundAfter(leaveFault))?.attempt;
}

function ownerFoundAfter(leaveFault: () => void): Promise<OwnedFault | undefined> {
  return new Promise((resolve) => {
    const off = onFault((error) => {
      off();
      resolve(faultOwner(error));
    });
    onTestFinished(off);
    leaveFault();
  });
}

/** How a handler can throw where nobody can catch it. */
const ways: readonly [way: string, leave: (error: unknown) => void][] = [
  [
    'throws in a timer',
    (error) => {
      setTimeout(() => {
        throw error;
      }, 1);
    },
  ],
  [
    'throws in a timer that it set after waiting for something',
    (error) => {
      void Promise.resolve().then(() => {
        setImmediate(() => {
          throw error;
        });
      });
    },
  ],
  [
    'does not await a promise that is rejected',
    (error) => {
      void (async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw error;
      })();
    },
  ],
  ['rejects a promise at once', (error) => void Promise.reject(error)],
];

describe('faultOwner', () => {
  it.each(ways)('finds the attempt whose handler %s, and ends it with HandlerCrashed', async (_, leave) => {
    const [attempt, other] = [begin('j-1'), begin('j-2')];
    let wasAbandoned = false;
    attempt.stop.onAbandon(() => {
      wasAbandoned = true;
    });
    const error = new Error('boom');
    expect(
      await found(() => {
        runOwnedBy(other, inContext, () => setImmediate(() => undefined));
        runOwnedBy(attempt, inContext, () => leave(error));
      }),
    ).toBe(attempt);
    expect(wasAbandoned).toBe(true);
    expect(attempt.stop.reason).toBeInstanceOf(HandlerCrashed);
    expect(attempt.stop.reason).toMatchObject({ code: 'BULLPEN_HANDLER_CRASHED', cause: error, stack: error.stack });
    expect(other.stop.reason).toBeUndefined();
  });

  it.each(ways)('names an attempt that had ended when its handler %s, and does not stop it', async (_, leave) => {
    const attempt = begin('j-1');
    attempt.end(outcomeOf('completed'));
    expect(await found(() => runOwnedBy(attempt, inContext, () => leave(new Error('boom'))))).toBe(attempt);
    expect(attempt.stop.reason).toBeUndefined();
  });

  it.each(ways)('finds no owner for code outside attempts that %s', async (_, leave) => {
    const attempt = begin('j-1');
    expect(
      await found(() => {
        runOwnedBy(attempt, inContext, () => undefined);
        leave(new Error('boom'));
      }),
    ).toBeUndefined();
    expect(attempt.stop.reason).toBeUndefined();
  });

  it('does not change the reason of an earlier stop, but ends the attempt', async () => {
    const attempt = begin('j-1');
    const first = new HandlerCrashed('first');
    attempt.stop.abort(first);
    let wasAbandoned = false;
    attempt.stop.onAbandon(() => {
      wasAbandoned = true;
    });
    await found(() => runOwnedBy(attempt, inContext, () => ways[0]?.[1](new Error('boom'))));
    expect([attempt.stop.reason, wasAbandoned]).toEqual([first, true]);
  });

  it.each([undefined, null, 'out of paper', 0, Object.freeze({ code: 5 })])('takes any thrown value: %o', (thrown) => {
    const attempt = begin('j-1');
    expect(runOwnedBy(attempt, inContext, () => faultOwner(thrown)?.attempt)).toBe(attempt);
    expect(attempt.stop.reason).toMatchObject({ code: 'BULLPEN_HANDLER_CRASHED', cause: thrown });
  });

  // It is called in the listener for faults. An error that it threw there would end the process
  // without a drain.
  it.each([
    [
      'an error whose stack cannot be read',
      Object.defineProperty(new Error('boom'), 'stack', {
        get() {
          throw new Error('hostile');
        },
      }),
    ],
    ['a revoked proxy', revokedProxy()],
  ])('finds the owner of a fault with %s', (_, thrown) => {
    const attempt = begin('j-1');
    expect(runOwnedBy(attempt, inContext, () => faultOwner(thrown)?.attempt)).toBe(attempt);
    expect(attempt.stop.reason).toBeInstanceOf(HandlerCrashed);
  });
});

describe('runOwnedBy', () => {
  it('returns what was returned, and throws what was thrown', () => {
    const attempt = begin('j-1');
    expect(runOwnedBy(attempt, inContext, () => 5)).toBe(5);
    expect(() =>
      runOwnedBy(attempt, inContext, () => {
        throw new Error('boom');
      }),
    ).toThrow('boom');
  });

  it.each([
    ['the reason of its own abort', (signal: AbortSignal) => signal.reason],
    ['an AbortError that Node made of it', (signal: AbortSignal) => new Error('aborted', { cause: signal.reason })],
  ])('recognizes %s as the attempt’s own abort', async (_, made) => {
    const attempt = begin('j-1');
    const { signal } = attempt.stop;
    attempt.stop.abort(new HandlerCrashed('a stop'));
    let wasAbandoned = false;
    attempt.stop.onAbandon(() => {
      wasAbandoned = true;
    });
    const found = await ownerFoundAfter(() => runOwnedBy(attempt, inContext, () => void Promise.reject(made(signal))));
    expect([found?.attempt === attempt, found?.isItsAbort, wasAbandoned]).toEqual([true, true, false]);
    const other = await ownerFoundAfter(() =>
      runOwnedBy(attempt, inContext, () => void Promise.reject(new Error('boom'))),
    );
    expect(other?.isItsAbort).toBe(false);
  });

  it('ends when what it ran ends', () => {
    runOwnedBy(begin('j-1'), inContext, () => undefined);
    expect(faultOwner(new Error('boom'))).toBeUndefined();
  });
});

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
