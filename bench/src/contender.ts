import { CONTENDERS, type Task } from './contenders.js';

/** Runs one contender in this process, and prints what it measured and the most memory it took. */
const [name, task] = process.argv.slice(2) as [string, string];
const measured = await CONTENDERS[name]?.(JSON.parse(task) as Task);
process.stdout.write(`${JSON.stringify({ ...measured, rssMb: process.resourceUsage().maxRSS / 1024 })}\n`);
