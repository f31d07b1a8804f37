import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Results } from './report/results.js';
import { resultsPage } from './report/results-page.js';
import { type Run, runBench } from './run.js';
import { SCENARIOS } from './scenarios/scenarios.js';
import { readSettings } from './settings.js';

/**
 * Bullpen against raw BullMQ and against peers: the same work, the same Redis, the same run, in
 * turn. Only ratios are claimed.
 */
const bench = fileURLToPath(new URL('..', import.meta.url));
const trial = join(bench, 'trial');
const samples = join(trial, 'samples.json');

const { settings, again } = readSettings(process.argv.slice(2), process.env);
const run = again ? (JSON.parse(await readFile(samples, 'utf8')) as Run) : await runBench(settings);
if (run === undefined) process.exit(130);
await mkdir(trial, { recursive: true });
// The measurements are kept, so that a better plot or sentence needs no new run.
if (!again) await writeFile(samples, JSON.stringify(run));

const sections = run.outcomes.map(({ scenario, samples: measured }) =>
  SCENARIOS[scenario](run.settings.scale).tell(new Results(measured)),
);
const failures = run.outcomes.flatMap((outcome) => outcome.failures);
const page = resultsPage(sections, failures, run.settings, run.redis);
// A partial or small run does not replace the last complete results.
const folder = run.settings.isComplete ? bench : trial;
for (const { file, svg } of sections.flatMap(({ plots }) => plots)) await writeFile(join(folder, file), svg);
await writeFile(join(folder, 'RESULTS.md'), page);
process.stdout.write(`\n${page}\nwritten to ${join(folder, 'RESULTS.md')}\n`);
if (failures.length > 0) process.exitCode = 1;
