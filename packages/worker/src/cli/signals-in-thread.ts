import { constants } from 'node:os';
import type { StopSignal } from '@bullpen/shared/internal';

/** The part of Node's own binding to signals that we use. */
interface SignalBinding {
  readonly Signal: new () => {
    onsignal: () => void;
    /** Answers 0, or a number that says why not. */
    start(signal: number): number;
    unref(): void;
  };
}

interface TestBinding {
  internalBinding(name: 'signal_wrap'): SignalBinding;
}

/**
 * Calls `listener` in this thread for each of these signals that the process gets. Node offers
 * signals to the main thread alone, but its event loops tell every thread that asks. So this asks
 * as Node's own main thread does, by a binding that Node shows to a thread with the flag
 * `--expose-internals`.
 * @throws whatever comes of it when this Node has no such binding
 */
export function hearSignals<Heard extends StopSignal>(
  signals: readonly Heard[],
  listener: (signal: Heard) => void,
): void {
  const getModule = process.getBuiltinModule as (id: string) => unknown;
  const { Signal } = (getModule('internal/test/binding') as TestBinding).internalBinding('signal_wrap');
  for (const signal of signals) {
    const handle = new Signal();
    handle.unref();
    handle.onsignal = () => listener(signal);
    const code = handle.start(constants.signals[signal]);
    if (code !== 0) throw new Error(`cannot listen to ${signal}: ${code}`);
  }
}
