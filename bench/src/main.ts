import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noteCircumstances, obstaclesOf } from './circumstances.js';
import { withClaims } from './report/readme.js';
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
await mkdir(trial, { recursive: true });

const { settings, again } = readSettings(process.argv.slice(2), process.env);
const run = again ? (JSON.parse(await readFile(samples, 'utf8')) as Run) : await runNow();
if (run === undefined) process.exit(130);

const sections = run.outcomes.map(({ scenario, samples: measured }) =>
  SCENARIOS[scenario](run.settings.scale).tell(new Results(measured)),
);
const obstacles = obstaclesOf(run.circumstances, run.settings.trial);
const page = resultsPage(sections, run, obstacles);
// What must not be published does not replace the last results.
const folder = obstacles.length === 0 ? bench : trial;
for (const { file, svg } of sections.flatMap(({ plots }) => plots)) await writeFile(join(folder, file), svg);
await writeFile(join(folder, run.settings.page), page);
if (obstacles.length === 0 && run.settings.page === 'RESULTS.md') await updateReadme();
process.stdout.write(`\n${page}\nwritten to ${join(folder, run.settings.page)}\n`);
if (run.outcomes.some(({ failures }) => failures.length > 0)) process.exitCode = 1;

async function updateReadme(): Promise<void> {
  const path = join(bench, '..', 'README.md');
  const claims = sections.flatMap((section) => section.claims ?? []);
  await writeFile(path, withClaims(await readFile(path, 'utf8'), claims));
}

async function runNow(): Promise<Run | undefined> {
  const circumstances = noteCircumstances();
  for (const obstacle of obstaclesOf(circumstances, settings.trial))
    process.stderr.write(`${obstacle} The results go to bench/trial only.\n`);
  const done = await runBench(settings, circumstances);
  // The measurements are kept, so that a better plot or sentence needs no new run.
  if (done !== undefined) await writeFile(samples, JSON.stringify(done));
  return done;
}
