import { createRequire } from 'node:module';
import { showCount } from './print.js';
import { perSecond, secondsLeft } from './speed.js';

const require = createRequire(import.meta.url);

/** Shows the progress of a command on stderr. */
export interface Progress {
  /**
   * @param done how much of `total` is done, in the unit of `total`
   * @param before how many of `rows` an earlier run did; they do not count for the speed
   */
  update(done: number, rows: number, note: string, before?: number): void;
  /**
   * Shows why nothing moves, in place of the figures, until the next `update`. In a pipe it is one
   * line, written when the wait has lasted for a second.
   */
  wait(why: string): void;
  /** Writes a line to stderr, above the bar if there is one. */
  say(line: string): void;
  /** Stops the bar where it is. Safe to call twice. */
  stop(): void;
  /** Removes the bar, when there was nothing to do. */
  clear(): void;
}

/** A shorter wait is not reported in a pipe. */
const LONG_WAIT_MS = 1_000;

/** The columns that the text beside the bar needs. */
const FIGURES = 60;

/**
 * Shows a bar on a terminal; in a pipe it writes only messages. Without a total it shows only the
 * count and the rate.
 * @param what the text before the bar
 */
export function startProgress(what: string, total: number | undefined): Progress {
  const stream = process.stderr;
  const sayPlainly = (line: string): void => void stream.write(`${line}\n`);
  if (!stream.isTTY) return withoutBar(sayPlainly);
  // Loaded here, because only a terminal needs it.
  const { Presets, SingleBar } = require('cli-progress') as typeof import('cli-progress');
  const startedAt = performance.now();
  const columns = stream.columns ?? 80;
  const barsize = Math.max(columns < FIGURES ? 4 : 10, Math.min(30, columns - FIGURES));
  const bar = new SingleBar(
    {
      format: total === undefined ? `${what} {rows} rows  {figures}` : `${what} {bar} {percentage}%  {figures}`,
      stream: withoutSavedCursor(stream),
      // The command handles the signals itself.
      gracefulExit: false,
      barsize,
      hideCursor: true,
      // Redraws over messages, and over the ^C that the terminal itself writes.
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
      // Written over the bar, with line wrap on; the bar is drawn again below it.
      stream.write(`\r\u001B[K\u001B[?7h${line}\n\u001B[?7l`);
      bar.render();
    },
    stop,
    clear() {
      stop();
      // The bar ended its line: moves one line up and clears it.
      stream.write('\u001B[1A\u001B[2K');
    },
  };
}

/** Progress where there is no terminal. */
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
      // Reported once until the next update.
      since = Number.POSITIVE_INFINITY;
    },
  };
}

/**
 * A stream that ignores the save and the restore of the cursor. With them the library would, at the
 * end of a bar, write over the messages that came since its start.
 */
export function withoutSavedCursor(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = (text: string): boolean => text === '\u001B7' || text === '\u001B8' || stream.write(text);
  return Object.create(stream, { write: { value: write } }) as NodeJS.WriteStream;
}

/** Shows the cursor that a bar hid, before an exit that does not stop the bar first. */
export function restoreCursor(): void {
  const terminal = [process.stderr, process.stdout].find(({ isTTY }) => isTTY);
  // Turns line wrap on again, too, which a live view turned off.
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
