import { write } from 'node:fs';
import { hostname } from 'node:os';
import { WASI } from 'node:wasi';
import { parentPort, workerData } from 'node:worker_threads';
import { hearSignals } from './signals-in-thread.js';
import { LAST_WORD, type WatchdogData, type WatchdogMessage, type WatchdogReport } from './watchdog-messages.js';

/** The part of WebAssembly that we use. Node's types do not have it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
};

/**
 * The thread of the watchdog. It shares only a counter and a message port with the main thread. It
 * relies neither on the main thread's event loop nor on Redis, nor on somebody who reads the
 * standard output.
 */
const { beats, code, signals, firstSignalMs, nextSignalMs } = workerData as WatchdogData;
const TICK_MS = 100;
const LAST_WORDS_MS = 200;
const MAIN_THREAD_MS = 500;

/** How late a message of a main thread that rests may be, before this thread ticks. */
const LATE_MS = 500;

/** A tick that is so late means that the whole process was stopped and then continued. */
const STOPPED_MS = 1_000;

let deadline = Number.POSITIVE_INFINITY;
let stillMs = Number.POSITIVE_INFINITY;
let still = 0;
parentPort?.on('message', (message: WatchdogMessage) => {
  if (message.endInMs !== undefined) {
    deadline = Math.min(deadline, performance.now() + message.endInMs);
    unanswered = undefined;
    watch();
  }
  // The time before is not counted: another limit was in force.
  if (message.stillMs !== undefined) [stillMs, still] = [message.stillMs, 0];
  if (message.restMs === 0) watch();
  else if (message.restMs !== undefined) rest(message.restMs);
});

/**
 * The first signal that the main thread has not answered. A main thread that is late answers with a
 * deadline of its own. One that stands still never does.
 */
let unanswered: { readonly signal: string; readonly at: number; deadline: number } | undefined;
const heardTimes = new Map<string, number>();
const report = (message: WatchdogReport): void => parentPort?.postMessage(message);
try {
  hearSignals(signals, (signal) => {
    const nth = (heardTimes.get(signal) ?? 0) + 1;
    const endInMs = heardTimes.size === 0 ? firstSignalMs : nextSignalMs;
    heardTimes.set(signal, nth);
    report({ heard: signal, nth });
    const at = performance.now();
    unanswered ??= { signal, at, deadline: at + endInMs };
    unanswered.deadline = Math.min(unanswered.deadline, at + endInMs);
    watch();
  });
} catch {
  report({ isDeaf: true });
}

let asked = false;
let heard = 0;
let ticked = 0;
/** Ticks, or while it rests fires once when no message came from the main thread. */
let timer: NodeJS.Timeout | undefined;
let rests = true;
watch();

/** Ticks from now on, if it does not yet. */
function watch(): void {
  if (!rests) return;
  clearTimeout(timer);
  [rests, still, heard, ticked] = [false, 0, Atomics.load(beats, 0), performance.now()];
  timer = setInterval(tick, TICK_MS);
}

/** Ticks no more until the main thread is late with its next message. */
function rest(ms: number): void {
  if (deadline !== Number.POSITIVE_INFINITY || unanswered !== undefined) return;
  rests = true;
  clearTimeout(timer);
  timer = setTimeout(watch, ms + LATE_MS);
}

function tick(): void {
  const now = performance.now();
  // The time in which the process was stopped does not count towards its deadlines.
  const stoppedMs = now - ticked > STOPPED_MS ? now - ticked - TICK_MS : 0;
  deadline += stoppedMs;
  if (unanswered !== undefined) unanswered.deadline += stoppedMs;
  ticked = now;
  const beat = Atomics.load(beats, 0);
  // Counted in ticks of this thread, not by the clock: both threads rest while a process is
  // stopped.
  still = beat === heard ? still + TICK_MS : 0;
  heard = beat;
  if (still >= stillMs)
    end(`event loop stood still for ${still} ms, longer than the lease of its jobs; watchdog ended the process`);
  else if (now >= deadline) end('worker had not stopped by its last deadline; watchdog ended the process');
  else if (unanswered !== undefined && now >= unanswered.deadline) {
    const { signal, at } = unanswered;
    end(`worker did not answer ${signal} by the last deadline of its drain; watchdog ended the process`, {
      afterMs: Math.round(now - at),
    });
  }
}

function end(msg: string, fields: object = {}): void {
  clearInterval(timer);
  const line = {
    level: 60,
    time: new Date().toISOString(),
    pid: process.pid,
    hostname: hostname(),
    exitCode: code,
    ...fields,
    msg,
  };
  // Written asynchronously: a pipe that nobody reads would block this thread, too.
  write(1, `${JSON.stringify(line)}\n`, endByMainThread);
  setTimeout(endByMainThread, LAST_WORDS_MS);
}

/**
 * Makes the main thread end the process, because only that end is clean. An inspector's message
 * reaches JavaScript anywhere, even in an endless loop. It does not reach a main thread that hangs
 * in a system call; then this thread ends the process.
 */
function endByMainThread(): void {
  if (asked) return;
  asked = true;
  setTimeout(exitProcess, MAIN_THREAD_MS);
  try {
    const { Session } = process.getBuiltinModule('node:inspector');
    const session = new Session();
    session.connectToMainThread();
    // After a signal its jobs are handed back. Without one they count a crash, or a handler that
    // loops for ever would be attempted for ever.
    const lastWord = heardTimes.size > 0 ? `globalThis[Symbol.for('${LAST_WORD}')]?.()` : '';
    const expression = `try { ${lastWord} } finally { process.reallyExit(${code}) }`;
    session.post('Runtime.evaluate', { expression });
  } catch {
    // This Node was built without an inspector.
    exitProcess();
  }
}

/**
 * Ends the whole process from this thread, whatever the main thread does; now and then the process
 * ends by SIGSEGV instead. Node has no call for it: `process.exit` ends only the thread, and a
 * signal to the own process either reaches a listener that never runs or loses the exit code. A
 * WebAssembly system call ends the process as C's `exit` does. The bytes below are `(module
 * (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 1)
 * (func (export "_start") i32.const <code> call 0))`.
 */
function exitProcess(): void {
  try {
    const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
    const imported = [1, ...name('wasi_snapshot_preview1'), ...name('proc_exit'), 0, 0];
    const exported = [2, ...name('memory'), 2, 0, ...name('_start'), 0, 1];
    const body = [0, 0x41, ...signedLeb(code), 0x10, 0, 0x0b];
    const module = new WebAssembly.Module(
      Uint8Array.from([
        ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...section(1, [2, 0x60, 1, 0x7f, 0, 0x60, 0, 0]),
        ...section(2, imported),
        ...section(3, [1, 1]),
        ...section(5, [1, 0, 1]),
        ...section(7, exported),
        ...section(10, [1, body.length, ...body]),
      ]),
    );
    const wasi = new WASI({ version: 'preview1', returnOnExit: false });
    wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  } finally {
    // Where WASI does not work, the process still ends, but without the exit code.
    process.kill(process.pid, 'SIGKILL');
  }
}

function section(id: number, content: readonly number[]): number[] {
  return [id, content.length, ...content];
}

/** A number from 0 to 255 as WebAssembly writes it. */
function signedLeb(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
