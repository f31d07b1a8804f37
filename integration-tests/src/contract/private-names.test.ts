import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as bullmq from 'bullmq';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { BULLMQ, BULLMQ_CODE } from './installed-bullmq.js';

/**
 * What `packages/worker/src/bullmq` takes from BullMQ that no documentation promises: methods of
 * its worker and of its backend, two of its scripts, and one of its error messages. An upgrade may
 * rename or change any of them. These tests say which name is gone or different, and which of our
 * files uses it. They load nothing of the worker, so they still run when the worker does not.
 */

const ROOM = fileURLToPath(new URL('../../../packages/worker/src/bullmq/', import.meta.url));

/** Our files with this text in them, without tests and declarations. */
function usersOf(text: RegExp): string[] {
  const files = readdirSync(ROOM).filter((name) => /(?<!\.d|\.test)\.ts$/.test(name));
  return files.filter((name) => text.test(readFileSync(join(ROOM, name), 'utf8')));
}

const inOurFiles = (users: readonly string[]): string =>
  users.map((name) => `packages/worker/src/bullmq/${name}`).join(', ');

/** How the methods that we call or override begin, parameters included, by their class. */
const METHODS = {
  Worker: ['async mainLoop()', 'async nextJobFromJobData(jobData, jobId, token)', 'createJob(data, jobId)'],
  RedisQueueBackend: [
    'constructor(connection, name, keys, toKey, opts, blockingConnection, ownsConnection = true)',
    'async moveToFinished(jobId, args)',
    'moveToFinishedArgs(job, val, propVal, shouldRemove, target, token, timestamp, fetchNext = true, fieldsToUpdate)',
    'moveToCompletedArgs(job, returnvalue, removeOnComplete, token, fetchNext = false)',
    'finishedErrors({ code, jobId, parentKey, command, state, })',
    'async moveStalledJobsToWait()',
    'async waitForJob(blockTimeout)',
    'async waitUntilReady()',
    'async disconnectBlocking(wait = true)',
    'execCommand(client, commandName, args)',
  ],
} as const;

describe(`${BULLMQ} still has what our worker takes from it without being promised it`, () => {
  for (const [owner, signatures] of Object.entries(METHODS)) {
    for (const signature of signatures) {
      const name = /(\w+)\(/.exec(signature)?.[1] ?? '';
      test(`the method ${owner}.${name}`, () => {
        const users = usersOf(new RegExp(`\\b${name}\\b`));
        expect(users, `no file in ${ROOM} uses ${owner}.${name} any more: take it off this list`).not.toEqual([]);
        const used = `${inOurFiles(users)} uses it`;
        const type = (bullmq as unknown as Record<string, { prototype: Record<string, unknown> } | undefined>)[owner];
        const method = type?.prototype[name];
        if (typeof method !== 'function') expect.fail(`${BULLMQ} has no method ${owner}.${name}: ${used}`);
        const text = String(method);
        const from = name === 'constructor' ? text.indexOf('constructor(') : 0;
        const found = text.slice(from, text.indexOf(') {', from) + 1);
        expect(found, `${BULLMQ} has changed the parameters of ${owner}.${name}: ${used}`).toBe(signature);
      });
    }
  }

  test('the fields of a worker and of its backend', async () => {
    const connection = { url: inject('redisUrl') };
    const worker = new bullmq.Worker('private', null, { connection, prefix: 'test-private', autorun: false });
    // Only a worker that closes has all its fields.
    const closed = worker.close();
    onTestFinished(() => closed);
    const used = (name: string) => `${inOurFiles(usersOf(new RegExp(`\\b${name}\\b`)))} uses it`;
    const fields = {
      Worker: [worker, ['closing', 'backend']],
      RedisQueueBackend: [worker.backend, ['minimumBlockTimeout', 'queue']],
    } as const;
    for (const [owner, [instance, names]] of Object.entries(fields)) {
      for (const name of names) {
        if (!(name in instance)) expect.fail(`${BULLMQ} has no field ${owner}.${name}: ${used(name)}`);
      }
    }
    const kind = worker.backend.constructor;
    const told = `${BULLMQ} makes another backend for a worker: ${used('backend')}`;
    expect(kind, told).toBe(bullmq.RedisQueueBackend);
  });

  /**
   * Reads a script of BullMQ that a file of ours puts into its own, and its input as its header
   * tells it.
   */
  function scriptOf(name: string, file: string, use: string) {
    const path = new RegExp(`'bullmq/(dist/\\S+/${name}-\\d+\\.js)'`).exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const used = `${file.slice(file.indexOf('packages/'))} ${use}`;
    const scripts = readdirSync(join(BULLMQ_CODE, 'scripts')).filter((found) => found.startsWith(name));
    expect(
      scripts.map((found) => `dist/cjs/scripts/${found}`),
      `${BULLMQ} has no ${path}: ${used}`,
    ).toContain(path);
    const script = createRequire(import.meta.url)(join(BULLMQ_CODE, '../..', path)) as Record<
      string,
      { content: string }
    >;
    const { content } = script[name] as { content: string };
    const header = content.slice(0, content.indexOf(']]'));
    const inputs = header.match(/(KEYS|ARGV)\[\d+\] .+/g)?.map((line) => line.replace(/\s+/g, ' '));
    return { content, inputs, used };
  }

  test('the scripts that get Redis’ time, in the argument where BullMQ puts the time of the caller', () => {
    const file = 'engine-scripts.ts';
    const text = readFileSync(join(ROOM, file), 'utf8');
    const timed = [...text.matchAll(/engineScript\((\w+), '\w+'(?:, (\d))?\)/g)];
    expect(timed.length).toBeGreaterThan(4);
    for (const [, name = '', timeArg] of timed) {
      const { inputs = [] } = scriptOf(name, join(ROOM, file), 'puts a header before it');
      // The next run of a scheduler keeps the clock of its caller.
      if (name === 'updateJobScheduler') continue;
      const said = inputs.filter((line) => /^ARGV.* timestamp$/.test(line)).map((line) => line.slice(0, 7));
      expect(said, `${BULLMQ} has changed the input of ${name}`).toEqual(
        timeArg === undefined ? [] : [`ARGV[${timeArg}]`],
      );
    }
  });

  test('the script moveToFinished, with its keys and arguments in this order', async () => {
    const [user = ''] = usersOf(/scripts\/moveToFinished/);
    const { content, inputs, used } = scriptOf('moveToFinished', join(ROOM, user), 'puts our notes behind it');
    expect(inputs, `${BULLMQ} has changed the input of moveToFinished: ${used}`).toEqual([
      'KEYS[1] wait key',
      'KEYS[2] active key',
      'KEYS[3] prioritized key',
      'KEYS[4] event stream key',
      'KEYS[5] stalled key',
      'KEYS[6] rate limiter key',
      'KEYS[7] delayed key',
      'KEYS[8] paused key',
      'KEYS[9] meta key',
      'KEYS[10] pc priority counter',
      'KEYS[11] completed/failed key',
      'KEYS[12] jobId key',
      'KEYS[13] metrics key',
      'KEYS[14] marker key',
      'ARGV[1] jobId',
      'ARGV[2] timestamp',
      'ARGV[3] msg property returnvalue / failedReason',
      'ARGV[4] return value / failed reason',
      'ARGV[5] target (completed/failed)',
      'ARGV[6] fetch next?',
      'ARGV[7] keys prefix',
      'ARGV[8] opts',
      'ARGV[9] job fields to update',
    ]);
    const numbers = Array.from(content.matchAll(/ARGV\[(\d+)\]/g), ([, number]) => Number(number));
    expect(Math.max(...numbers), `${BULLMQ} reads an argument of ours in moveToFinished: ${used}`).toBe(9);
  });

  test('the script reprocessJob, with its keys and arguments in this order', async () => {
    const room = fileURLToPath(new URL('../../../packages/dashboard/src/board/', import.meta.url));
    const file = join(room, 'retry-script.ts');
    const { inputs, used } = scriptOf('reprocessJob', file, 'takes the key of a job in front of it');
    expect(inputs, `${BULLMQ} has changed the input of reprocessJob: ${used}`).toEqual([
      'KEYS[1] job key',
      'KEYS[2] events stream',
      'KEYS[3] job state',
      'KEYS[4] wait key',
      'KEYS[5] meta',
      'KEYS[6] active key',
      'KEYS[7] marker key',
      'KEYS[8] prioritized key',
      'KEYS[9] priority counter key',
      'ARGV[1] job.id',
      "ARGV[2] (job.opts.lifo ? 'R' : 'L') + 'PUSH'",
      'ARGV[3] propVal - failedReason/returnvalue',
      'ARGV[4] prev state - failed/completed',
      'ARGV[5] reset attemptsMade - "1" or "0"',
      'ARGV[6] reset attemptsStarted - "1" or "0"',
    ]);
  });

  test('the words with which a worker tells that it could not enqueue the next run of a scheduler', () => {
    const words = 'Failed to add repeatable job for next iteration: ';
    const users = usersOf(new RegExp(words));
    expect(users, `no file in ${ROOM} looks for these words any more`).not.toEqual([]);
    const source = readFileSync(join(BULLMQ_CODE, 'classes/worker.js'), 'utf8');
    const told = `${BULLMQ} does not say '${words}' any more: ${inOurFiles(users)} looks for it`;
    if (!source.includes(words)) expect.fail(told);
  });
});
