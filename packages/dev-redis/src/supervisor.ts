import { briefly } from './errors.js';
import { startRedisContainer } from './redis-container.js';
import { startRedisProcess } from './redis-process.js';
import type { RunningRedis } from './redis-program.js';
import { onEndingSignal } from './signals.js';
import type { SupervisorReport, SupervisorTask } from './supervisor-protocol.js';

/**
 * Runs in a process between the owner and Redis, to do what the owner cannot do: clean up after the
 * owner's own SIGKILL. Stdin is a pipe that the owner holds open and never writes to. However the
 * owner ends, the system closes the pipe.
 */
async function supervise(task: SupervisorTask): Promise<number> {
  const stopAsked = new Promise<undefined>((resolve) => {
    const ask = () => resolve(undefined);
    process.stdin.on('end', ask).on('error', ask).resume();
    onEndingSignal(ask);
  });
  // The owner may have ended, so that nobody reads what we write.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});

  let redis: RunningRedis;
  try {
    redis = await start(task, stopAsked);
  } catch (error) {
    await report({ is: 'failed', reason: briefly(error) });
    return 1;
  }
  await report({ is: 'ready', url: redis.url, version: redis.version });
  const reason = await Promise.race([redis.ended, stopAsked]);
  await redis.stop().catch((error: unknown) => report({ is: 'note', text: `could not clean up: ${briefly(error)}` }));
  if (reason === undefined) return 0;
  await report({ is: 'ended', reason });
  return 1;
}

function start(task: SupervisorTask, stopAsked: Promise<unknown>): Promise<RunningRedis> {
  if (task.run === 'program') return startRedisProcess(task.program, stopAsked);
  return startRedisContainer((text) => void report({ is: 'note', text }), stopAsked);
}

function report(line: SupervisorReport): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
}

process.exit(await supervise(JSON.parse(process.argv[2] ?? '') as SupervisorTask));
