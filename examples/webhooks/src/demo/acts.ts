import { EXIT } from '@bullpen/shared/internal';
import type { ReceiverBooks } from '../receiving/receiver-books.js';
import type { Ending } from './ending.js';
import { type Narrator, showCount, showSeconds } from './show.js';
import type { Stage } from './stage.js';
import type { WorkerProcess } from './worker-process.js';

/** What every act needs. */
export interface Scene {
  readonly stage: Stage;
  readonly ending: Ending;
  /** The job of an event. */
  readonly jobOf: (eventId: string) => string;
  readonly narrator: Narrator;
}

/** Act one: a worker is told to stop, as in a deploy, and another takes over. */
export async function deploy({ stage, ending, narrator }: Scene, old: WorkerProcess): Promise<WorkerProcess> {
  narrator.tell(`${showDelivered(stage)}: SIGTERM to ${old.name}, as in a deploy`);
  old.kill('SIGTERM');
  const { exitCode, summary } = await ending.unlessEnded(old.ended);
  if (summary === undefined || (exitCode !== EXIT.ok && exitCode !== EXIT.interrupted)) {
    throw new Error(`${old.name} was told to stop and ended with exit code ${exitCode}`);
  }
  const { active, handedBack, durationMs } = summary;
  const next = stage.startWorker();
  const rest = handedBack > 0 ? `, ${handedBack} handed back` : '';
  narrator.tell(
    `${old.name} finished its ${active - handedBack} active jobs in ${showSeconds(durationMs)}${rest}: exit ${exitCode}`,
  );
  await ending.unlessEnded(next.ready);
  narrator.tell(`${next.name} took over`);
  return next;
}

/** A worker that was killed, and what it left behind. */
export interface Crash {
  readonly name: string;
  /** The jobs that were in its hands. */
  readonly jobIds: ReadonlySet<string>;
  readonly next: WorkerProcess;
}

/** Act two: a worker is killed in the middle of its jobs, as in a crash, and another takes over. */
export async function crash({ stage, ending, narrator, jobOf }: Scene, victim: WorkerProcess): Promise<Crash> {
  narrator.tell(`${showDelivered(stage)}: SIGKILL to ${victim.name}, as in a crash`);
  victim.kill('SIGKILL');
  await ending.unlessEnded(victim.ended);
  const active = await ending.unlessEnded(stage.redis.activeJobIds());
  const jobIds = handsOf(victim.name, active, stage.receiver.books, jobOf);
  const next = stage.startWorker();
  await ending.unlessEnded(next.ready);
  // Counted only now: a job that another worker had fetched and not yet sent looked ownerless a
  // moment ago.
  const held = handsOf(victim.name, active, stage.receiver.books, jobOf).size;
  narrator.tell(`${victim.name} died with ${held} jobs in its hands; ${next.name} took over`);
  narrator.add('Their leases run out within 15 s; then they start again elsewhere.');
  return { name: victim.name, jobIds, next };
}

/** The end: workers with nothing left to do are told to stop. */
export async function closeDown({ ending, narrator }: Scene, workers: readonly WorkerProcess[]): Promise<void> {
  for (const worker of workers) worker.kill('SIGTERM');
  const ends = await ending.unlessEnded(Promise.all(workers.map(({ ended }) => ended)));
  const names = workers.map(({ name }) => name).join(' and ');
  const codes = [...new Set(ends.map(({ exitCode }) => exitCode))].join(' and ');
  narrator.tell(`${names} had nothing left to do and stopped: exit ${codes}`);
  if (codes !== String(EXIT.ok)) throw new Error(`${names} did not stop as they should: exit ${codes}`);
}

/**
 * The active jobs without those whose event another worker brought last: these are in that worker's
 * hands.
 */
function handsOf(
  name: string,
  active: ReadonlySet<string>,
  { broughtBy }: ReceiverBooks,
  jobOf: Scene['jobOf'],
): ReadonlySet<string> {
  const jobIds = new Set(active);
  for (const [eventId, sender] of broughtBy) {
    if (sender !== name) jobIds.delete(jobOf(eventId));
  }
  return jobIds;
}

const showDelivered = ({ receiver }: Stage): string => `After ${showCount(receiver.books.accepted.size)} deliveries`;
