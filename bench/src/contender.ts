import { writeSync } from 'node:fs';
import { findContender } from './contenders/contenders.js';
import { Stopwatch } from './stopwatch.js';
import type { Task } from './task.js';

/**
 * The process of one contender: does the task it is told, after another one to warm up if it is
 * told two, and writes what it measured, with the most memory it took, to descriptor 3 (standard
 * output belongs to the contender's own log).
 */
const [name, told] = process.argv.slice(2) as [string, string];
const { task, warmUp } = JSON.parse(told) as { task: Task; warmUp?: Task };
const contender = await findContender(name);
const stopwatch = await Stopwatch.open(task.redis);
if (warmUp !== undefined) await contender(warmUp, stopwatch);
const timed = await contender(task, stopwatch);
writeSync(3, JSON.stringify({ ...timed, rssMb: process.resourceUsage().maxRSS / 1024 }));
// Connections and workers end here, with their process: Redis is emptied next, and how long a
// contender takes to close is not asked.
process.exit(0);
