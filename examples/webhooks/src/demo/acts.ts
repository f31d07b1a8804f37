import type { ReceiverBooks } from '../receiving/receiver-books.js';
import type { Ending } from './ending.js';
import { type Narrator, showCount, showSeconds } from './show.js';
import type { Stage } from './stage.js';
import type { WorkerProcess } from './worker-process.js';

/** What every act needs. */
export interface Scene {
  readonly stage: Stage;
  readonly ending: Ending;
  readonly narrator: Narrator;
}

/** Exit codes of `bullpen-worker` after SIGTERM: all jobs finished, or some were handed back. */
const EXIT = { allFinished: 0, someHandedBack: 75 } as const;

/** Act one: a deploy stops one worker, and another takes over. */
export async function deploy({ stage, ending, narrator }: Scene, old: WorkerProcess): Promise<WorkerProcess> {
  narrator.tell(`${showDelivered(stage)}: SIGTERM to ${old.name}, as in a deploy`);
  old.kill('SIGTERM');
  const { exitCode, summary } = await ending.unlessEnded(old.ended);
  if (summary === undefined || (exitCode !== EXIT.allFinished && exitCode !== EXIT.someHandedBack)) {
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
  /** The events of the jobs that it held. */
  readonly eventIds: ReadonlySet<string>;
  readonly next: WorkerProcess;
}

/** Act two: a crash kills one worker in the middle of its jobs, and another takes over. */
export async function crash({ stage, ending, narrator }: Scene, victim: WorkerProcess): Promise<Crash> {
  narrator.tell(`${showDelivered(stage)}: SIGKILL to ${victim.name}, as in a crash`);
  victim.kill('SIGKILL');
  await ending.unlessEnded(victim.ended);
  const active = await ending.unlessEnded(stage.redis.activeEventIds());
  const eventIds = heldBy(victim.name, active, stage.receiver.books);
  const next = stage.startWorker();
  await ending.unlessEnded(next.ready);
  // Counted only now. A moment ago another worker may have fetched a job and not sent its event
  // yet; such a job looked like one of the victim.
  const held = heldBy(victim.name, active, stage.receiver.books).size;
  narrator.tell(`${victim.name} died with ${held} jobs in its hands; ${next.name} took over`);
  narrator.add('Their leases run out within 15 s; then they start again elsewhere.');
  return { name: victim.name, eventIds, next };
}

/** The end: the workers have nothing left to do and are stopped. */
export async function closeDown({ ending, narrator }: Scene, workers: readonly WorkerProcess[]): Promise<void> {
  for (const worker of workers) worker.kill('SIGTERM');
  const ends = await ending.unlessEnded(Promise.all(workers.map(({ ended }) => ended)));
  const names = workers.map(({ name }) => name).join(' and ');
  const codes = [...new Set(ends.map(({ exitCode }) => exitCode))].join(' and ');
  narrator.tell(`${names} had nothing left to do and stopped: exit ${codes}`);
  if (codes !== String(EXIT.allFinished)) throw new Error(`${names} did not stop as they should: exit ${codes}`);
}

/** The active events, without those that another worker sent last: these belong to that worker. */
function heldBy(name: string, active: ReadonlySet<string>, { broughtBy }: ReceiverBooks): ReadonlySet<string> {
  return new Set([...active].filter((eventId) => [undefined, name].includes(broughtBy.get(eventId))));
}

const showDelivered = ({ receiver }: Stage): string => `After ${showCount(receiver.books.accepted.size)} deliveries`;
