import { type Entrant, type Heat, sideOf, type Work } from '../running/heat.js';
import { NODE_24 } from '../running/node-24.js';
import type { Events } from '../task.js';

/** A library that the bench compares, and how it is set up here. */
export interface Peer {
  /** Its file in `contenders`. */
  readonly file: string;
  readonly label: string;
  readonly npm: string;
  readonly setting: string;
  readonly keeps: string;
  readonly validates: string;
  /** What becomes of a job whose process dies. */
  readonly afterDeath: string;
  readonly onNode24?: boolean;
}

/** BullMQ, to which the ratios are. */
export const RAW = 'BullMQ';
const RAW_24 = 'BullMQ on Node 24';

/** Every library but Bullpen. */
export const PEERS: readonly Peer[] = [
  {
    ...{ file: 'bullmq', label: RAW, npm: 'bullmq', setting: 'its defaults; it always writes all events' },
    ...{ keeps: 'the last 10,000, for a day', validates: 'no', afterDeath: 'runs again' },
  },
  {
    ...{ file: 'bull', label: 'bull', npm: 'bull', setting: 'its defaults; it always publishes all events' },
    ...{ keeps: 'the last 10,000, for a day', validates: 'no', afterDeath: 'runs again' },
  },
  {
    ...{ file: 'bee-queue', label: 'bee-queue', npm: 'bee-queue' },
    setting: 'its fastest: `sendEvents`, `getEvents` and `storeJobs` off, `removeOnSuccess`',
    ...{ keeps: 'none: it cannot keep only the last', validates: 'no', afterDeath: 'runs again, if somebody checks' },
  },
  {
    ...{
      file: 'groupmq',
      label: 'groupmq',
      npm: 'groupmq',
      setting: '200 groups: it runs one job of a group at a time',
    },
    ...{ keeps: 'the last 10,000', validates: 'no', afterDeath: 'runs again' },
  },
  {
    ...{ file: 'node-resque', label: 'node-resque', npm: 'node-resque', setting: 'a worker for each slot' },
    ...{ keeps: 'none', validates: 'no', afterDeath: 'is in its failed list, if a scheduler runs' },
  },
  {
    ...{ file: 'bullmq', label: RAW_24, npm: 'bullmq', setting: 'the baseline of the next', onNode24: true },
    ...{ keeps: 'the last 10,000, for a day', validates: 'no', afterDeath: 'runs again' },
  },
  {
    ...{ file: 'platformatic', label: 'platformatic', npm: '@platformatic/job-queue', onNode24: true },
    setting: 'its defaults, `RedisStorage`',
    ...{ keeps: 'results for an hour', validates: 'no', afterDeath: 'runs again, if a reaper runs' },
  },
];

/** The libraries in a heat that Bullpen wants to be faster than. */
export const rivalsIn = ({ entrants }: Heat): string[] =>
  entrants.filter((entrant) => sideOf(entrant) === 'peer').map(({ label }) => label);

/** One entrant for each library that works in this way: the baseline first. */
export function lineUp(
  way: string,
  work: Work,
  { without = [], fill }: { without?: readonly string[]; fill?: string } = {},
): Entrant[] {
  const runnable = PEERS.filter(
    ({ label, onNode24 }) => !without.includes(label) && (NODE_24 !== undefined || !onNode24),
  );
  // A baseline on Node 24 serves nobody without the library that needs it.
  const needed = runnable.filter(
    ({ label }) => label !== RAW_24 || runnable.some(({ file }) => file === 'platformatic'),
  );
  return needed.map(({ file, label, onNode24 = false }) => ({
    ...{ label, contender: `${file}.${way}`, work, onNode24, base: onNode24 ? RAW_24 : RAW },
    ...(fill === undefined ? {} : { before: [{ contender: `${file}.${fill}`, work }] }),
  }));
}

/** The setting that a queue has when nobody says anything. */
export const DEFAULT_EVENTS: Events = 'ends';

/** A row of Bullpen that names its setting of events. */
export const withEvents = (label: string, events: Events = DEFAULT_EVENTS): string => `${label}, events ${events}`;

/** Bullpen's entrant with one setting of events, the default if none is named. */
export const withEventsOf = (entrant: Entrant, events: Events = DEFAULT_EVENTS): Entrant => ({
  ...entrant,
  ...{ label: withEvents(entrant.label, events), work: { ...entrant.work, events } },
  ...(entrant.before && { before: entrant.before.map((step) => ({ ...step, work: { ...step.work, events } })) }),
});

/** Bullpen's entrant once for each setting of events, the default first. */
export const eachEvents = (entrant: Entrant): Entrant[] => {
  const settings: readonly Events[] = [DEFAULT_EVENTS, 'all', 'none'];
  return settings.map((events) => withEventsOf(entrant, events));
};
