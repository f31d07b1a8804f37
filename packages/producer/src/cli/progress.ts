import { createRequire } from 'node:module';
import { showCount } from './print.js';
import { perSecond, secondsLeft } from './speed.js';

const require = createRequire(import.meta.url);

/** What a progress line shows. */
export interface Progress {
  /**
   * @param done of `total`, in whatever unit
   * @param before how many of the rows an earlier run did: they are not this one's speed
   */
  update(done: number, rows: number, note: string, before?: number): void;
  /**
   * Says in place of the figures why nothing moves, until the next `update`; in a pipe in a line,
   * once, when it has been so for a second.
   */
  wait(why: string): void;
  /** Says a line on stderr: above the bar, where there is one. */
  say(line: string): void;
  /** Leaves the bar as it is. Safe to call twice. */
  stop(): void;
  /** Takes the bar away: there was nothing to do. */
  clear(): void;
}

/** A wait that is shorter is not worth a line. */
const LONG_WAIT_MS = 1_000;

/** The screen beside the bar that its figures need. */
const FIGURES = 60;

/**
 * A bar on a terminal; in a pipe nothing but what is said. Without a total it shows the count and
 * the rate only.
 * @param what stands before the bar
 */
export function startProgress(what: string, total: number | undefined): Progress {
  const stream = process.stderr;
  const sayPlainly = (line: string): void => void stream.write(`${line}\n`);
  if (!stream.isTTY) return withoutBar(sayPlainly);
  // Loaded when there is a terminal to draw on.
  const { Presets, SingleBar } = require('cli-progress') as typeof import('cli-progress');
  const startedAt = performance.now();
  const columns = stream.columns ?? 80;
  const barsize = Math.max(columns < FIGURES ? 4 : 10, Math.min(30, columns - FIGURES));
  const bar = new SingleBar(
    {
      format: total === undefined ? `${what} {rows} rows  {figures}` : `${what} {bar} {percentage}%  {figures}`,
      stream: withoutSavedCursor(stream),
      // Signals are ours to answer; the bar would answer them too.
      gracefulExit: false,
      barsize,
      hideCursor: true,
      // Also over what was said meanwhile, and what the terminal itself wrote: ^C.
      forceRedraw: true,
      fps: 10,
    },
    Presets.shades_classic,
  );
  bar.start(total ?? 0, 0, { rows: '0', figures: total === undefined ? '-/s' : '-/s  ETA -' });
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    bar.stop();
  };
  return {
    update(done, rows, note, before = 0) {
      const speed = perSecond(rows - before, performance.now() - startedAt);
      const rate = speed === undefined ? '-' : showCount(Math.round(speed));
      const seconds = total === undefined ? undefined : secondsLeft({ done, total, rows }, speed);
      const left = total === undefined ? '' : `  ETA ${seconds === undefined ? '-' : showSeconds(seconds)}`;
      bar.update(done, { rows: showCount(rows), figures: `${rate}/s${left}  ${note}` });
    },
    wait(why) {
      if (!stopped) bar.update({ figures: why });
    },
    say(line) {
      if (stopped) return sayPlainly(line);
      // In the place of the bar, wrapped where it is long; the bar goes on below it.
      stream.write(`\r\u001B[K\u001B[?7h${line}\n\u001B[?7l`);
      bar.render();
    },
    stop,
    clear() {
      stop();
      // It ended its line: one up, and empty.
      stream.write('\u001B[1A\u001B[2K');
    },
  };
}

/** What is shown where there is no terminal. */
function withoutBar(say: (line: string) => void): Progress {
  const nothing = (): void => undefined;
  let since: number | undefined;
  return {
    ...{ say, stop: nothing, clear: nothing },
    update() {
      since = undefined;
    },
    wait(why) {
      since ??= performance.now();
      if (performance.now() - since < LONG_WAIT_MS) return;
      say(why);
      // Until the next update.
      since = Number.POSITIVE_INFINITY;
    },
  };
}

/**
 * The library goes back to where a bar began when it ends, over whatever was written since; a bar
 * of one line has no need to.
 */
export function withoutSavedCursor(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = (text: string): boolean => text === '\u001B7' || text === '\u001B8' || stream.write(text);
  return Object.create(stream, { write: { value: write } }) as NodeJS.WriteStream;
}

/** Shows the cursor that a bar hid; for an exit that cannot wait for the bar to stop. */
export function restoreCursor(): void {
  const terminal = [process.stderr, process.stdout].find(({ isTTY }) => isTTY);
  // With the lines that are not wrapped while a view is alive.
  terminal?.write('\u001B[?25h\u001B[?7h');
}

/** `75` as `1m15s`. */
export function showSeconds(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
