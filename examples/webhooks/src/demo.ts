import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ending, StoppedBySignal } from './demo/ending.js';
import { playDemo } from './demo/play.js';
import { Releasers } from './demo/releasers.js';
import { printEnd, printLine, showCursor } from './demo/show.js';

/** What a shell reports for a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Runs `pnpm demo`. The exit code is 0 when nothing was lost and every repetition has a known
 * reason, 130 when a signal stopped it, and else 1.
 */
async function main(): Promise<number> {
  const ending = new Ending();
  const releasers = new Releasers();
  // A second signal changes nothing: closing down takes only a moment, and some launchers send each
  // signal twice.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => ending.because(new StoppedBySignal(signal)));
  }
  const logFolder = await mkdtemp(join(tmpdir(), 'bullpen-demo-'));

  const thrown: unknown[] = [];
  const keep = (error: unknown): readonly string[] => {
    thrown.push(error);
    return [error instanceof Error ? error.message : String(error)];
  };
  const faults = await playDemo({ ending, releasers, logFolder }).catch(keep);
  const leftovers = await releasers.release().then(() => [], keep);
  showCursor();

  const stopped = thrown[0] instanceof StoppedBySignal;
  if (stopped) printLine('Stopped; nothing is left behind.');
  else printEnd([...faults, ...leftovers]);
  if (!stopped && thrown.length + faults.length > 0) {
    printLine(`What the workers logged is in ${logFolder}`);
    return 1;
  }
  await rm(logFolder, { recursive: true, force: true });
  return stopped ? INTERRUPTED : 0;
}

process.exit(await main());
