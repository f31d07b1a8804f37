import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Progress } from '../../books/progress.js';
import { showCount } from '../print.js';
import { withoutSavedCursor } from '../progress.js';
import { countsLines, paceLine, reasonLines } from './watch-lines.js';

/** The most reasons on the screen. */
const REASONS = 5;
/**
 * Lines that are neither reasons nor counts: the bar, the pace where it has a line of its own, a
 * note, and where the shell writes next.
 */
const OTHER_LINES = 4;
/** With fewer columns the bar and the pace do not fit on one line. */
const WIDE = 80;

/** A view of a batch on a terminal, written over and over in place. */
export interface Live {
  update(progress: Progress): void;
  /** Said below everything, until the next update. */
  note(text: string): void;
  /** Leaves it as it is. Safe to call twice. */
  stop(): void;
}

/** Opens a view on the standard output. */
export function openLive(batch: string): Live {
  const { columns = 80, rows = 24 } = process.stdout;
  const isWide = columns >= WIDE;
  const bars = new MultiBar(
    {
      format: `${clip(batch, Math.floor(columns / 2))} {bar} {percentage}%  {pace}`,
      stream: withoutSavedCursor(process.stdout),
      // Signals are ours to answer; the bars would answer them too.
      gracefulExit: false,
      barsize: Math.max(4, Math.min(40, columns - Math.min(batch.length, columns / 2) - (isWide ? 45 : 8))),
      hideCursor: true,
      linewrap: false,
      // Also what the terminal itself wrote over: ^C.
      forceRedraw: true,
      fps: 10,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(1, 0, { pace: '' });
  // The library's types do not know that a bar of several may have its own format.
  const format = (_: unknown, __: unknown, { text }: { text: string }): string => text;
  const lines: SingleBar[] = [];
  const write = (texts: readonly string[]): void => {
    // A line that was there stays, empty.
    for (const [at, text] of texts.entries()) {
      lines[at] ??= bars.create(1, 0, { text: '' }, { format } as never);
      lines[at].update(0, { text });
    }
    for (const line of lines.slice(texts.length)) line.update(0, { text: '' });
  };
  let shown: string[] = [];
  let stopped = false;
  return {
    update(progress) {
      const { done, view } = progress;
      bar.setTotal(Math.max(1, view.added));
      const pace = `${showCount(done)} of ${showCount(view.added)}  ${paceLine(progress)}`;
      bar.update(done, { pace: isWide ? pace : '' });
      const counts = countsLines(view, columns);
      const room = Math.max(0, Math.min(REASONS, rows - counts.length - OTHER_LINES));
      shown = [...(isWide ? [] : [pace]), ...counts, ...reasonLines(view, room)];
      write(shown);
    },
    note: (text) => write([...shown, text]),
    stop() {
      if (stopped) return;
      stopped = true;
      bars.update();
      bars.stop();
    },
  };
}

const clip = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
