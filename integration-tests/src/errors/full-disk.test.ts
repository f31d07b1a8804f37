import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import { BIN } from '../support/command.js';
import { HANDLERS, test } from '../support/world.js';

const JOBS = join(HANDLERS, '../jobs.js');
const COMMANDS = [['queues'], ['enqueue', 'test.row', '--data', '{"id":1,"email":"a@example.com"}', '--jobs', JOBS]];

describe.skipIf(!existsSync('/dev/full'))('an answer that a full disk does not take', () => {
  test.for(COMMANDS)('ends the command with 1: %s', async (args, { world }) => {
    // There is a queue to tell of.
    await world.queue('rows').setGlobalConcurrency(5);
    const full = openSync('/dev/full', 'w');
    const command = [BIN['bullpen-producer'], ...args, '--redis', world.redisUrl, '--prefix', world.prefix];
    const running = spawn(process.execPath, command, { stdio: ['ignore', full, 'pipe'] });
    world.onClose(async () => void running.kill('SIGKILL'));
    closeSync(full);
    const [said, ended] = await Promise.all([text(running.stderr as Readable), once(running, 'exit')]);
    expect(said).toContain('cannot write the standard output: ENOSPC');
    expect(ended).toEqual([1, null]);
  });
});
