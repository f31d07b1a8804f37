import { describe, expect, it, onTestFinished } from 'vitest';
import { onExit, onFault, onStopSignal, type StopSignal, type TellHeard } from './signals.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Installs a stop listener for this test alone; `send` is what the process would hear, `heard` what
 * the listener was told.
 */
function listening(takeOver?: () => readonly NodeJS.Signals[]) {
  let tell: TellHeard = () => undefined;
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const heard: string[] = [];
  const off = onStopSignal(
    (signal, count) => heard.push(`${signal} ${count}`),
    takeOver,
    (told) => {
      tell = told;
    },
  );
  onTestFinished(off);
  const installed = SIGNALS.map((signal, at) => process.listeners(signal).filter((one) => !before[at]?.includes(one)));
  const send = (signal: (typeof SIGNALS)[number]): void => {
    for (const listener of installed[SIGNALS.indexOf(signal)] ?? []) listener(signal);
  };
  const remove = (signal: StopSignal): void => {
    for (const listener of installed[SIGNALS.indexOf(signal)] ?? []) process.off(signal, listener);
  };
  return { off, heard, send, installed, remove, tell };
}

describe('onStopSignal', () => {
  it('counts the signals of either kind together, from 1', () => {
    const { send, heard } = listening();
    send('SIGINT');
    send('SIGTERM');
    send('SIGINT');
    expect(heard).toEqual(['SIGINT 1', 'SIGTERM 2', 'SIGINT 3']);
  });

  it('listens to each signal once, and leaves no listener behind when it is taken away, even twice', () => {
    const counts = () => SIGNALS.map((signal) => process.listenerCount(signal));
    const before = counts();
    const { off, installed } = listening();
    expect(installed.map((listeners) => listeners.length)).toEqual([1, 1]);
    off();
    off();
    expect(counts()).toEqual(before);
  });

  it('tells first, and counts, what was heard before by somebody who could not act on it', () => {
    const { send, heard } = listening(() => ['SIGINT', 'SIGTERM']);
    expect(heard).toEqual(['SIGINT 1', 'SIGTERM 2']);
    send('SIGTERM');
    expect(heard).toEqual(['SIGINT 1', 'SIGTERM 2', 'SIGTERM 3']);
  });

  it('does not count a signal twice that another thread has heard as well, whoever hears it first', () => {
    const { send, tell, heard } = listening();
    tell('SIGTERM', 1);
    expect(heard).toEqual([]);
    send('SIGTERM');
    send('SIGTERM');
    tell('SIGTERM', 2);
    expect(heard).toEqual(['SIGTERM 1', 'SIGTERM 2']);
  });

  it('counts what another thread has heard once somebody has removed its listener of this signal', () => {
    const { send, tell, heard, remove } = listening();
    send('SIGTERM');
    remove('SIGTERM');
    tell('SIGTERM', 1);
    tell('SIGINT', 1);
    expect(heard).toEqual(['SIGTERM 1']);
    tell('SIGTERM', 2);
    send('SIGINT');
    tell('SIGTERM', 3);
    expect(heard).toEqual(['SIGTERM 1', 'SIGTERM 2', 'SIGINT 3', 'SIGTERM 4']);
  });

  it('takes over when it listens itself, so that no signal is lost in between', () => {
    const before = SIGNALS.map((signal) => process.listenerCount(signal));
    let meanwhile: number[] = [];
    listening(() => {
      meanwhile = SIGNALS.map((signal) => process.listenerCount(signal));
      return [];
    });
    expect(meanwhile).toEqual(before.map((count) => count + 1));
  });
});

describe('onFault', () => {
  const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;
  const listenersOf = () => FAULTS.map((fault) => process.listeners(fault as 'exit'));

  it('hears exceptions and rejections that nobody caught, whatever was thrown', () => {
    const before = listenersOf();
    const heard: unknown[] = [];
    onTestFinished(onFault((error) => heard.push(error)));
    const installed = listenersOf().map((listeners, at) => listeners.filter((one) => !before[at]?.includes(one)));
    expect(installed.map((listeners) => listeners.length)).toEqual([1, 1]);
    const error = new Error('boom');
    for (const listener of installed[0] ?? []) (listener as (...args: unknown[]) => void)(error, 'uncaughtException');
    for (const listener of installed[1] ?? []) (listener as (...args: unknown[]) => void)(undefined, Promise.resolve());
    expect(heard).toEqual([error, undefined]);
  });

  it('leaves no listener behind when it is taken away, even twice', () => {
    const before = listenersOf();
    const off = onFault(() => undefined);
    expect(listenersOf()).not.toEqual(before);
    off();
    off();
    expect(listenersOf()).toEqual(before);
  });
});

describe('onExit', () => {
  it('is told the code, whoever ends the process, and may say another', () => {
    const { exitCode } = process;
    onTestFinished(() => {
      process.exitCode = exitCode;
    });
    const before = process.listeners('exit');
    let answer: number | undefined = 70;
    const heard: number[] = [];
    const off = onExit((code) => {
      heard.push(code);
      return answer;
    });
    const [listener] = process.listeners('exit').filter((one) => !before.includes(one));
    const exit = (code: number): unknown => {
      process.exitCode = code;
      listener?.call(process, code);
      return process.exitCode;
    };
    expect(exit(0)).toBe(70);
    answer = undefined;
    expect([exit(3), heard]).toEqual([3, [0, 3]]);
    off();
    expect(process.listeners('exit')).toEqual(before);
  });
});
