import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { SkewedClock } from './skewed-clock.js';
import { test } from './world.js';

const HOUR = 3_600_000;

/** Prints by how many hours each way to ask for the time is ahead; sets the clock; asks again. */
const TELL = `
  const ahead = (ms) => Math.round((ms - performance.timeOrigin - performance.now()) / ${HOUR});
  const tell = () => console.log(ahead(Date.now()), ahead(new Date().getTime()), ahead(Date.parse(Date())));
  tell();
  require('node:fs').writeFileSync(process.env.SKEWED_CLOCK, String(-2 * ${HOUR}));
  setTimeout(tell, 50);
  console.log(new Date(7).getTime(), require('node:fs').statSync('.').mtime instanceof Date);
`;

describe('a skewed clock', () => {
  test('is ahead for everything that asks for the time, may be set back, and leaves given instants alone', async ({
    world,
  }) => {
    const { env } = new SkewedClock(join(world.folder, 'clock'), 3 * HOUR);
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', TELL], { env });
    expect(stdout.trim().split('\n')).toEqual(['3 3 3', '7 true', '-2 -2 -2']);
  });
});
