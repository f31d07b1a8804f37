import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Progress } from '../../books/progress.js';
import { showCount } from '../print.js';
import { withoutSavedCursor } from '../progress.js';
import { countsLines, rateLine, reasonLines } from './watch-lines.js';

/** The maximum of reasons on the screen. */
const REASONS = 5;
/**
 * Lines that are neither reasons nor counts: the bar, the rate where it has a line of its own, why
 * nothing moves, a note, and the line of the shell.
 */
const OTHER_LINES = 5;
/** With fewer columns the bar and the rate do not fit on one line. */
const WIDE = 80;

/** A view of a batch on a terminal, redrawn in place. */
export interface Live {
  update(progress: Progress): void;
  /** Shows a line below everything, until the next update. */
  note(text: string): void;
  /** Stops the view where it is. Safe to call twice. */
  stop(): void;
}

/** Opens a view on the standard output. */
export function openLive(batch: string): Live {
  const { columns = 80, rows = 24 } = process.stdout;
  const isWide = columns >= WIDE;
  const bars = new MultiBar(
    {
      format: `${clip(batch, Math.floor(columns / 2))} {bar} {percentage}%  {rate}`,
      stream: withoutSavedCursor(process.stdout),
      // The command handles the signals itself.
      gracefulExit: false,
      barsize: Math.max(4, Math.min(40, columns - Math.min(batch.length, columns / 2) - (isWide ? 45 : 8))),
      hideCursor: true,
      linewrap: false,
      // Redraws over the ^C that the terminal itself writes.
      forceRedraw: true,
      fps: 10,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(1, 0, { rate: '' });
  // The library's types do not have the format of a single bar.
  const format = (_: unknown, __: unknown, { text }: { text: string }): string => text;
  const lines: SingleBar[] = [];
  const write = (texts: readonly string[]): void => {
    // The library cannot remove a line; a spare line is left empty.
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
      const { done, view, standstill } = progress;
      bar.setTotal(Math.max(1, view.added));
      const count = `${showCount(done)} of ${showCount(view.added)}`;
      // A sentence needs a line of its own.
      const beside = standstill === undefined ? `${count}  ${rateLine(progress)}` : count;
      bar.update(done, { rate: isWide ? beside : '' });
      const counts = countsLines(view, columns);
      const room = Math.max(0, Math.min(REASONS, rows - counts.length - OTHER_LINES));
      const own = isWide ? [standstill ?? []] : [beside, standstill ?? []];
      shown = [...own.flat(), ...counts, ...reasonLines(view, room)];
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
