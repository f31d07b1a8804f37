import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchRef } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import { type BatchView, isSettled } from '../../books/batch-view.js';
import { asLost } from '../../books/find-batch.js';
import { measureProgress, type Progress } from '../../books/progress.js';
import { Rate } from '../../books/rate.js';
import type { Batches } from '../../manage/batches.js';
import { printLine } from '../print.js';
import { startSession, withProducer } from '../session.js';
import { stoppable } from '../stoppable.js';
import { queueSetting } from './queue-setting.js';
import { jsonLine, pipeLine } from './watch-lines.js';

/** How often the batch is read: on a terminal, in a pipe. */
const LIVE_MS = 500;
const LOOK_MS = 1_000;
/** How often a line is written into a pipe. */
const LINE_MS = 5_000;
/**
 * Reading a batch on a queue with a million delayed jobs is slow, and Redis has others to serve. So
 * the command rests for so many times the duration of a reading, up to a limit: after an outage a
 * reading has taken long, too.
 */
const REST = 5;
const MAX_REST_MS = 5_000;
/** After this long without an answer the terminal says so. */
const SLOW_MS = 1_000;

/** `batches watch <name>`: follows a batch until its source is read and its rows are settled. */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, queueSetting);
  const shown = await openShown(name, config.json);
  const last = await stoppable((signal) =>
    withProducer(open(), ({ batches }) => follow(batches, name, config.queue, shown, signal)),
  ).finally(() => shown.end());
  return last === undefined ? EXIT.interrupted : exitCodeFor(last);
}

/** @returns the batch at its end; `undefined` when `signal` aborted first */
async function follow(
  batches: Batches,
  name: string,
  queue: string | undefined,
  shown: Shown,
  signal: AbortSignal,
): Promise<BatchView | undefined> {
  const rate = new Rate();
  const asked: BatchRef = { name, queue };
  let batch = asked;
  while (!signal.aborted) {
    const askedAt = performance.now();
    const slow = setTimeout(() => shown.slow(), SLOW_MS);
    const view = await batches
      .show(batch)
      .catch((error: unknown) => {
        throw batch === asked ? error : asLost(error, batch, 'while it was watched');
      })
      .finally(() => clearTimeout(slow));
    const now = performance.now();
    shown.update(measureProgress(view, rate, now));
    if (isSettled(view)) return view;
    batch = view;
    const restMs = Math.max(shown.everyMs, Math.min(REST * (now - askedAt), MAX_REST_MS));
    await sleep(restMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function exitCodeFor({ failed, cancelled, missing }: BatchView): ExitCode {
  return failed + cancelled + missing > 0 ? EXIT.failure : EXIT.ok;
}

/** Where the progress is shown. */
interface Shown {
  readonly everyMs: number;
  update(progress: Progress): void;
  /** Called when Redis has not answered for a while. */
  slow(): void;
  /** Shows the last progress, if it was not shown yet. */
  end(): void;
}

async function openShown(name: string, json: boolean): Promise<Shown> {
  if (!json && process.stdout.isTTY) {
    // Loaded here, because only a terminal needs it.
    const { openLive } = await import('./live.js');
    const live = openLive(name);
    const slow = () => live.note('Redis does not answer; waiting for it');
    return { everyMs: LIVE_MS, update: (progress) => live.update(progress), slow, end: () => live.stop() };
  }
  const [write, lineMs] = json ? [jsonLine, 0] : [pipeLine, LINE_MS];
  let writtenAt = -LINE_MS;
  let unwritten: Progress | undefined;
  const end = (): void => {
    if (unwritten !== undefined) printLine(write(unwritten));
    unwritten = undefined;
  };
  return {
    ...{ everyMs: LOOK_MS, slow: () => undefined, end },
    update(progress) {
      unwritten = progress;
      if (performance.now() - writtenAt < lineMs) return;
      writtenAt = performance.now();
      end();
    },
  };
}
