import { describe, expect, it, onTestFinished } from 'vitest';
import { onStopSignal } from './signals.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Installs a stop listener for this test alone; `send` is what the process would hear, `heard` what the listener was told. */
function listening() {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const heard: string[] = [];
  const off = onStopSignal((signal, count) => heard.push(`${signal} ${count}`));
  onTestFinished(off);
  const installed = SIGNALS.map((signal, at) => process.listeners(signal).filter((one) => !before[at]?.includes(one)));
  const send = (signal: (typeof SIGNALS)[number]): void => {
    for (const listener of installed[SIGNALS.indexOf(signal)] ?? []) listener(signal);
  };
  return { off, heard, send, installed };
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
});
