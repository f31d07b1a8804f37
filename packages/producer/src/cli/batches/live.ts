import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { showCount } from '../print.js';
import { withoutSavedCursor } from '../progress.js';
import { countsLine, type Progress, paceLine, reasonLines } from './watch-lines.js';

/** The most reasons on the screen. */
const REASONS = 5;
/** Lines that are not reasons: the bar, the counts, a note, and where the shell writes next. */
const OTHER_LINES = 4;

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
  const bars = new MultiBar(
    {
      format: `${batch} {bar} {percentage}%  {pace}`,
      stream: withoutSavedCursor(process.stdout),
      // Signals are ours to answer; the bars would answer them too.
      gracefulExit: false,
      barsize: Math.max(10, Math.min(40, columns - batch.length - 45)),
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
      bar.update(done, { pace: `${showCount(done)} of ${showCount(view.added)}  ${paceLine(progress)}` });
      const room = Math.max(0, Math.min(REASONS, rows - OTHER_LINES));
      shown = [countsLine(view), ...reasonLines(view, room)];
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
