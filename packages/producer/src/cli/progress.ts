import { createRequire } from 'node:module';
import { showCount } from './print.js';

const require = createRequire(import.meta.url);

/** What a progress line shows. */
export interface Progress {
  /** @param done of `total`, in whatever unit */
  update(done: number, rows: number, note: string): void;
  /** Leaves the bar as it is. Safe to call twice. */
  stop(): void;
}

/**
 * A bar on a terminal, nothing in a pipe. Without a total it shows the count and the rate only.
 * @param what stands before the bar
 */
export function startProgress(what: string, total: number | undefined): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  // Loaded when there is a terminal to draw on.
  const { Presets, SingleBar } = require('cli-progress') as typeof import('cli-progress');
  const startedAt = performance.now();
  const width = Math.max(10, Math.min(30, (process.stderr.columns ?? 80) - 60));
  const bar = new SingleBar(
    {
      format:
        total === undefined
          ? `${what} {rows} rows  {rate}/s  {note}`
          : `${what} {bar} {percentage}%  {rate}/s  ETA {left}  {note}`,
      stream: withoutSavedCursor(process.stderr),
      // Signals are ours to answer; the bar would answer them too.
      gracefulExit: false,
      barsize: width,
      hideCursor: true,
      etaBuffer: 50,
      fps: 10,
    },
    Presets.shades_classic,
  );
  bar.start(total ?? 0, 0, { rows: '0', rate: '-', left: '-', note: '' });
  return {
    update(done, rows, note) {
      const elapsedS = Math.max(0.001, (performance.now() - startedAt) / 1000);
      const left = total === undefined || done === 0 ? '-' : showSeconds((elapsedS / done) * (total - done));
      bar.update(done, { rows: showCount(rows), rate: showCount(Math.round(rows / elapsedS)), left, note });
    },
    stop: () => bar.stop(),
  };
}

/** The library goes back to where a bar began when it ends, over whatever was written since; a bar of one line has no need to. */
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
