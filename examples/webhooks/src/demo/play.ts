import { styleText } from 'node:util';
import { readEventIds } from '../orders/orders-file.js';
import { closeDown, crash, deploy } from './acts.js';
import { printLine, printVerdict, showCount, startNarrator } from './show.js';
import { type StageDeps, setStage } from './stage.js';
import { judge } from './verdict.js';

const LIMIT_MS = 120_000;

/**
 * Sends the orders through two workers, replaces one of them and kills the other meanwhile, and
 * counts what arrived.
 * @returns everything that is wrong; empty when all is well
 */
export async function playDemo(deps: StageDeps): Promise<readonly string[]> {
  const { ending, releasers } = deps;
  const eventIds = await readEventIds();
  const rows = showCount(eventIds.length);
  printLine(styleText('bold', `Bullpen: ${rows} signed webhooks, two workers, one deploy, one crash`));
  const stage = await setStage(deps);
  const { books } = stage.receiver;
  const limit = setTimeout(() => ending.because(new Error(`not done within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
  releasers.add(() => clearTimeout(limit));

  const narrator = startNarrator();
  const workerA = stage.startWorker();
  const workerB = stage.startWorker();
  await ending.unlessEnded(Promise.all([workerA.ready, workerB.ready]));
  narrator.tell('Redis, a receiver, worker A and worker B are up');
  const producer = stage.startProducer();
  narrator.tell(`The producer enqueues the ${rows} rows of orders.csv`);

  // Waits for what the receiver has, not for a time, so that a slow machine tells the same story.
  // When all jobs are settled before that, the verdict says why.
  const delivered = (share: number): Promise<unknown> => {
    const reached = books.until(() => books.accepted.size >= eventIds.length * share);
    return ending.unlessEnded(Promise.race([reached, producer.report]));
  };
  const scene = { stage, ending, narrator };
  await delivered(0.3);
  const workerC = await deploy(scene, workerA);
  await delivered(0.6);
  const killed = await crash(scene, workerB);

  const report = await ending.unlessEnded(producer.report);
  narrator.tell('Every job is settled');
  await closeDown(scene, [workerC, killed.next]);

  const verdict = judge({ eventIds, books, report, killed });
  printVerdict(verdict, killed.name);
  return verdict.faults;
}
