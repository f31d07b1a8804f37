import { writeSync } from 'node:fs';
import { findContender } from './contenders/contenders.js';
import { Stopwatch } from './stopwatch.js';
import type { Task } from './task.js';

/**
 * The process of one contender. It does its task, after a warm-up task if it is given one, and
 * writes what it measured, with its peak memory, to descriptor 3 (standard output belongs to the
 * contender's own log).
 */
const [name, told] = process.argv.slice(2) as [string, string];
const { task, warmUp } = JSON.parse(told) as { task: Task; warmUp?: Task };
const contender = await findContender(name);
const stopwatch = await Stopwatch.open(task.redis);
if (warmUp !== undefined) await contender(warmUp, stopwatch);
const timed = await contender(task, stopwatch);
writeSync(3, JSON.stringify({ ...timed, rssMb: process.resourceUsage().maxRSS / 1024 }));
// Connections and workers end here, with their process: Redis is emptied next, and the bench does
// not measure how long a contender takes to close.
process.exit(0);
