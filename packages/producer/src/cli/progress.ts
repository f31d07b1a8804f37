import { createRequire } from 'node:module';
import { showRate } from '@bullpen/shared/internal';
import { countOf, showCount } from './print.js';
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
/** How often a line is written into a pipe. */
const LINE_MS = 10_000;

/** The columns that the text beside the bar needs. */
const FIGURES = 64;

/**
 * Shows a bar on a terminal. In a pipe it writes messages, and every ten seconds a line with the
 * same figures. Without a total it shows only the count and the rate.
 * @param what the text before the bar
 * @param begins written into a pipe at once
 */
export function startProgress(what: string, total: number | undefined, begins?: string): Progress {
  const stream = process.stderr;
  const sayPlainly = (line: string): void => void stream.write(`${line}\n`);
  const figures = measureFrom(performance.now(), total);
  if (!stream.isTTY) {
    if (begins !== undefined) sayPlainly(begins);
    return withoutBar(what, total, figures, sayPlainly);
  }
  // Loaded here, because only a terminal needs it.
  const { Presets, SingleBar } = require('cli-progress') as typeof import('cli-progress');
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
      bar.update(done, { rows: showCount(rows), figures: figures(done, rows, note, before) });
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

type Figures = (done: number, rows: number, note: string, before: number) => string;

/** Makes the text beside a bar: the rate, the time left, a note. */
function measureFrom(startedAt: number, total: number | undefined): Figures {
  return (done, rows, note, before) => {
    const speed = perSecond(rows - before, performance.now() - startedAt);
    const rate = speed === undefined ? '-/s' : showRate(speed);
    const seconds = total === undefined ? undefined : secondsLeft({ done, total, rows }, speed);
    const left = total === undefined ? '' : `  ETA ${seconds === undefined ? '-' : showSeconds(seconds)}`;
    return `${rate}${left}  ${note}`;
  };
}

/** Progress where there is no terminal. */
function withoutBar(what: string, total: number | undefined, figures: Figures, say: (line: string) => void): Progress {
  let since: number | undefined;
  let waits: string | undefined;
  let last: Parameters<Figures> = [0, 0, '', 0];
  const line = (): string => {
    const [done, rows] = last;
    const part = total === undefined ? '' : `, ${Math.floor((100 * done) / Math.max(1, total))}%`;
    return `${what}: ${countOf(rows, 'row')}${part}  ${figures(...last)}`.trimEnd();
  };
  const timer = setInterval(() => say(waits ?? line()), LINE_MS);
  // The line is news of the work, and must not keep the process alive.
  timer.unref();
  const stop = (): void => clearInterval(timer);
  return {
    ...{ say, stop, clear: stop },
    update(done, rows, note, before = 0) {
      last = [done, rows, note, before];
      since = undefined;
      waits = undefined;
    },
    wait(why) {
      waits = why;
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
