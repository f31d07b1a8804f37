import { describe, expect } from 'vitest';
import { type SentScript, SentScripts } from '../support/sent-scripts.js';
import { test, type World } from '../support/world.js';
import { sendEveryScript } from './every-script.js';
import { SCRIPT_CLAIMS, type ScriptClaim } from './script-claims.js';

/**
 * Holds `SCRIPT_CLAIMS` against a real Redis. A worker and a producer do everything once. Every
 * script that they send is recorded with what stood on Redis before, and played again: by a holder
 * whose job was removed meanwhile and whose id belongs to a new job, and twice in a row, as the
 * client sends it when it has lost the answer.
 */

/** Not sent by these runs: a worker asks them in an emergency, or nobody sends them again. */
const NOT_SENT = [
  ...[
    'bullmq:getRateLimitTtl',
    'bullmq:isMaxed',
    'bullpenFetchedBy',
    'bullpenRetry',
    'bullpenSetMeta',
    'CLAIM',
    'GIVE_UP',
  ],
];

/** Lua that compares a lease, or makes one. */
const LEASE_LUA = /\btoken\b|fetchMark\(|'GET', [^()]*\) [~=]= ARGV/;
/** It gives leases, lists them, and finds jobs without one. */
const COMPARE_NONE = ['bullpenFetchedBy', 'bullpenStallCheck'];

/** What became of a job while the holder of its lease slept. All are jobs with the same id. */
const STALE: Record<string, (job: ActiveJob, world: World) => Promise<unknown>> = {
  'another worker has a new job': (job, world) => anew(job, world, { worker: 'other', lock: 'other' }),
  'the same worker has a new job': (job, world) => anew(job, world, { lock: `${job.token}1` }),
  'another worker died with a new job': (job, world) => anew(job, world, { worker: 'other' }),
  'the same worker fetched a new job, and its lock ran out': (job, world) => anew(job, world, {}),
  'another worker died with a new job, and a check has put it back': async (job, world) => {
    await anew(job, world, { worker: 'other' });
    await world.redis.hset(job.key, 'stc', 1, 'bullpen.suspect', 5);
    await world.redis.lrem(`${job.base}active`, 1, job.id);
    await world.redis.rpush(`${job.base}wait`, job.id);
  },
  'it was removed': ({ key, base, id }, { redis }) =>
    redis.multi().del(key, `${key}:lock`).lrem(`${base}active`, 1, id).exec(),
};

interface ActiveJob {
  readonly base: string;
  readonly id: string;
  readonly key: string;
  readonly token: string;
}

/** The jobs that are active now. */
async function activeJobs({ redis, prefix }: World): Promise<ActiveJob[]> {
  const jobs: ActiveJob[] = [];
  for (const list of await redis.keys(`${prefix}:*:active`)) {
    const base = list.slice(0, -'active'.length);
    for (const id of await redis.lrange(list, 0, -1)) {
      const key = base + id;
      jobs.push({ base, id, key, token: (await redis.get(`${key}:lock`)) ?? '' });
    }
  }
  return jobs;
}

/** The job was removed, enqueued anew, and fetched anew, for the first time. */
async function anew({ key }: ActiveJob, { redis }: World, by: { worker?: string; lock?: string }): Promise<void> {
  const old = await redis.hgetall(key);
  await redis.del(key, `${key}:lock`);
  await redis.hset(key, {
    ...{ name: old['name'], data: old['data'], opts: old['opts'], delay: 0, priority: old['priority'], ats: 1 },
    ...{ timestamp: Number(old['timestamp']) + 1, processedOn: Number(old['processedOn']) + 1 },
    pb: by.worker ?? old['pb'],
  });
  if (by.lock !== undefined) await redis.set(`${key}:lock`, by.lock, 'PX', 600_000);
}

/** What happens before a script is sent twice, and between the two. */
interface Story {
  readonly before?: (world: World) => Promise<unknown>;
  readonly between?: (world: World) => Promise<unknown>;
}

const TWICE: Record<string, Story> = {
  'at once': {},
  'when the books of the batch have expired': {
    before: async ({ redis, prefix }) => {
      for (const key of await redis.keys(`${prefix}:*:batch:*`)) await redis.del(key);
    },
  },
  'when checks have charged the job twice and put it back': {
    before: async (world) => {
      for (const { key, base, id } of await activeJobs(world)) {
        await world.redis.multi().hincrby(key, 'stc', 2).hset(key, 'bullpen.suspect', 5).del(`${key}:lock`).exec();
        await world.redis.multi().lrem(`${base}active`, 1, id).rpush(`${base}wait`, id).exec();
      }
    },
  },
  'and another worker has fetched meanwhile all that waits': { between: fetchAll },
};

async function fetchAll({ redis, prefix }: World): Promise<void> {
  for (const meta of await redis.keys(`${prefix}:*:meta`)) {
    const base = meta.slice(0, -'meta'.length);
    const [waiting, ...sets] = await Promise.all([
      redis.lrange(`${base}wait`, 0, -1),
      ...['prioritized', 'delayed'].map((part) => redis.zrange(base + part, '0', '-1')),
    ]);
    await redis.del(`${base}wait`, `${base}prioritized`, `${base}delayed`);
    for (const id of [waiting, ...sets].flat()) {
      await redis.lpush(`${base}active`, id);
      await redis.set(`${base}${id}:lock`, 'other', 'PX', 600_000);
      await redis
        .multi()
        .hset(base + id, 'pb', 'other', 'processedOn', 2)
        .hincrby(base + id, 'ats', 1)
        .exec();
    }
  }
}

/** Where an insert says that it was sent before, behind the number of its keys. */
const INSERT_AGAIN = 5;

/** How a script is played, if not just as it was sent. */
const PLAYED: Record<string, (script: SentScript, world: World, run: 1 | 2) => Promise<SentScript>> = {
  // A worker died with all that is active.
  bullpenStallCheck: async (script, { redis }, run) => {
    const [, stalled, active = '', check, , , , base] = script.args.map(String);
    if (run === 1) {
      await redis.del(check ?? '');
      for (const id of await redis.lrange(active, 0, -1)) {
        await redis.sadd(stalled ?? '', id);
        await redis.del(`${base}${id}:lock`);
      }
    }
    const [seconds = 0] = await redis.time();
    return { ...script, args: [...script.args.slice(0, -1), String(seconds * 1000)] };
  },
  // We send it again ourselves, and say so.
  bullpenInsertJobs: async (script, _, run) =>
    run === 2 ? { ...script, args: [...script.args.slice(0, INSERT_AGAIN), 'again'] } : script,
};

const played = async (script: SentScript, world: World, run: 1 | 2): Promise<SentScript> =>
  (await PLAYED[script.name]?.(script, world, run)) ?? script;

/** Where a turn says how many jobs it fetches, behind the number of its keys, and where its ends begin. */
const [TURN_FREE, TURN_AHEAD, TURN_ENDS] = [16, 17, 20];

/** A turn that only fetches. */
const FETCH: ScriptClaim = {
  lease: { none: 'it gives leases' },
  again: 'fetches other jobs. The first ones are a lost fetch, and go back',
  ...{ answers: 'otherwise', changes: /./ },
};

const isTurn = ({ name }: SentScript): boolean => name === 'bullpenTurn';
const hasEnds = ({ args }: SentScript): boolean => args.length > TURN_ENDS;
const fetches = ({ args }: SentScript): boolean => Number(args[TURN_FREE]) + Number(args[TURN_AHEAD]) > 0;
/** The same turn without its fetch: then all that it changes is of its ends. */
const withoutFetch = (turn: SentScript): SentScript => ({
  ...turn,
  args: turn.args.map((arg, at) => (at === TURN_FREE || at === TURN_AHEAD ? '0' : arg)),
});

function claimOf(script: SentScript): ScriptClaim {
  const claim = SCRIPT_CLAIMS[script.name] as ScriptClaim;
  if (!isTurn(script)) return claim;
  if (!hasEnds(script)) return FETCH;
  return fetches(script) ? claim : { ...claim, changes: /^$/ };
}

/** Whether an answer says that the lease holds. */
function accepts(script: SentScript, answer: unknown): boolean {
  const { refuses = () => false, accepts = (one: unknown) => !refuses(one) } = claimOf(script);
  return accepts(answer);
}

/** What kinds of ends a turn records; nothing for scripts that are no turns. */
function kindsOf(script: SentScript): string {
  const ends = isTurn(script) ? script.args.slice(TURN_ENDS).map(String) : [];
  return ['job', 'row', 'rows'].filter((kind) => ends.includes(kind)).join();
}

/** Of scripts with the same form, the last two: enough to see all that they do. */
function chosen(sent: readonly SentScript[]): SentScript[] {
  const byForm = new Map<string, SentScript[]>();
  for (const script of sent) {
    const form = `${script.name} ${isTurn(script) ? kindsOf(script) : script.args.length} ${JSON.stringify(script.answer)?.slice(0, 3)}`;
    byForm.set(form, [...(byForm.get(form) ?? []), script].slice(-2));
  }
  return [...byForm.values()].flat().flatMap((script) => {
    const isBoth = isTurn(script) && hasEnds(script) && fetches(script);
    return isBoth ? [script, withoutFetch(script)] : [script];
  });
}

/** The last word of a worker names no fetch: it hands back all that the worker has. */
const isLastWord = ({ name, args }: SentScript): boolean => name === 'bullpenHandBack' && args[10] === '1';

async function withStaleLease(script: SentScript, scripts: SentScripts, world: World): Promise<string[]> {
  const { lease, refuses = () => false } = claimOf(script);
  // It changes what it fetches, whatever becomes of its ends.
  if (isTurn(script) && fetches(script)) return [];
  // Only of one that was accepted, so all its jobs were active.
  if (typeof lease !== 'string' || isLastWord(script) || !accepts(script, script.answer)) return [];
  const found: string[] = [];
  for (const [what, happen] of Object.entries(STALE)) {
    await scripts.restore(script.before);
    const jobs = await activeJobs(world);
    if (!jobs.some(({ id }) => script.args.some((arg) => String(arg).includes(id)))) continue;
    for (const job of jobs) await happen(job, world);
    const before = await scripts.contents();
    const answer = await scripts.play(script);
    const story = `${script.name}, and ${what}`;
    expect.soft(await scripts.contents(), story).toEqual(before);
    expect.soft(refuses(answer), `${story}: ${JSON.stringify(answer)}`).toBe(true);
    found.push(what);
  }
  return found;
}

/** Plays a script twice. Whether the first run was accepted. */
async function twice(script: SentScript, scripts: SentScripts, world: World, what: string): Promise<boolean> {
  const { refuses = () => false, answers, changes = /^$/ } = claimOf(script);
  const { before, between } = TWICE[what] as Story;
  const story = `${script.name} twice, ${what}`;
  await scripts.restore(script.before);
  await before?.(world);
  const first = await scripts.play(await played(script, world, 1));
  await between?.(world);
  const after = await scripts.contents();
  const second = await scripts.play(await played(script, world, 2));
  const kept = (contents: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(contents).filter(([key]) => !changes.test(key)));
  expect.soft(kept(await scripts.contents()), story).toEqual(kept(after));
  expect
    .soft(
      [first, second].filter((answer) => answer instanceof Error),
      story,
    )
    .toEqual([]);
  if (answers === 'refuses') expect.soft(refuses(second), `${story}: ${JSON.stringify(second)}`).toBe(true);
  if (answers === 'the same' && between === undefined) expect.soft(second, story).toEqual(first);
  return accepts(script, first);
}

describe('every script', () => {
  test('refuses a stale lease and changes nothing, and does nothing twice', async ({ world }) => {
    const scripts = new SentScripts(world);
    await sendEveryScript(world, scripts);
    const known = Object.keys(SCRIPT_CLAIMS).filter((name) => !NOT_SENT.includes(name));
    expect.soft([...scripts.names].sort()).toEqual(known.sort());

    const [refused, accepted] = [new Map<string, Set<string>>(), new Set<string>()];
    for (const script of chosen(scripts.sent)) {
      const stories = refused.get(script.name) ?? new Set();
      for (const story of await withStaleLease(script, scripts, world)) stories.add(story);
      refused.set(script.name, stories);
      for (const what of Object.keys(TWICE)) {
        if (await twice(script, scripts, world, what)) accepted.add(script.name);
      }
    }
    expect.soft([...accepted].sort()).toEqual(known.sort());
    const turns = new Set(scripts.sent.filter(isTurn).map(kindsOf).join().split(','));
    expect.soft([...turns].sort()).toEqual(['', 'job', 'row', 'rows']);
    const comparing = known.filter((name) => typeof SCRIPT_CLAIMS[name]?.lease === 'string');
    const mentioning = [...scripts.defined].filter(
      ([name, lua]) => name in SCRIPT_CLAIMS && LEASE_LUA.test(lua.replace(/--\[\[[\s\S]*?\]\]|--.*/g, '')),
    );
    expect(mentioning.map(([name]) => name).sort()).toEqual([...comparing, ...COMPARE_NONE].sort());
    for (const name of comparing) expect([name, refused.get(name)?.size]).toEqual([name, Object.keys(STALE).length]);
  });
});
