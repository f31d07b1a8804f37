import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onStopSignal } from '@bullpen/shared/internal';
import { Ending, StoppedBySignal } from './demo/ending.js';
import { playDemo } from './demo/play.js';
import { Releasers } from './demo/releasers.js';
import { printEnd, printLine, showCursor } from './demo/show.js';

const INTERRUPTED = 130;

/**
 * `pnpm demo`. Exits 0 when nothing was lost and every repetition has its reason, 1 when not, 130
 * when it was stopped.
 */
async function main(): Promise<number> {
  const ending = new Ending();
  const releasers = new Releasers();
  // A second signal changes nothing: tidying up takes a moment and has limits of its own, and some
  // launchers send each signal twice.
  onStopSignal((signal) => ending.because(new StoppedBySignal(signal)));
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
