import { readFileSync } from 'node:fs';
import type { Circumstances } from '../circumstances.js';
import type { Run } from '../run.js';
import { DEFAULT_EVENTS, PEERS } from '../scenarios/line-up.js';
import type { Section } from './section.js';
import { table } from './show.js';
import type { Target } from './target.js';

const VERDICT = { true: 'reached', false: '**NOT reached**', undefined: 'not decided' } as const;

/** A page of results: the targets first, then each scenario. */
export function resultsPage(sections: readonly Section[], run: Run, obstacles: readonly string[]): string {
  const { page, rounds } = run.settings;
  const isGrowth = page === 'GROWTH.md';
  const failures = run.outcomes.flatMap((outcome) => outcome.failures);
  const parts = [
    isGrowth ? '# Growth' : '# Bench results',
    `Made by \`pnpm bench${isGrowth ? ' growth' : ''}\`, in one run. Machines differ and are noisy: read the ratios, which compare runs made in turn on one private Redis, not the rates.`,
    `A ratio is the median of the ratios of all ${rounds} rounds. Behind it is its 95 % interval by order statistics (of nine rounds, the second least to the second most); where there were fewer than six rounds, the least and the most. *Faster* and *slower* mean: at least nine rounds, and the interval is on one side of 1; else it is *level*. Every other number is the median of all rounds.`,
    madeOn(run),
    ...(obstacles.length === 0 ? [] : [`**Not to be published.** ${obstacles.join(' ')}`]),
    '## Targets',
    targetsTable(sections.flatMap(({ targets }) => targets)),
    ...(failures.length === 0 ? [] : ['## Failed', failures.map((failure) => `- ${failure}`).join('\n')]),
    ...(isGrowth ? [] : ['## Who was compared', ...setUp(run.circumstances)]),
    ...sections.flatMap(({ title, text, plots, tables }) => [
      `## ${title}`,
      ...text,
      ...plots.map(({ file, alt }) => `![${alt}](${file})`),
      ...tables,
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function madeOn({ circumstances, redis, minutes }: Run): string {
  const { commit, changed, load, node, cores, processor } = circumstances;
  const where = `Node ${node}, ${redis}, ${cores} cores of ${processor}`;
  return `Of commit ${commit}${changed ? ', changed,' : ''}; ${where}; load average ${load.toFixed(2)} before it began; ${Math.ceil(minutes)} minutes. Each contender runs in a process of its own, on a Redis that was emptied before and writes its append-only file.`;
}

function targetsTable(targets: readonly Target[]): string {
  return table(
    ['target', 'measured', ''],
    targets.map(({ wanted, measured, reached }) => [wanted, measured, VERDICT[`${reached}`]]),
  );
}

/** The libraries, and how each is set up: a rate without that says nothing. */
function setUp({ node, node24 }: Circumstances): string[] {
  const rows = PEERS.map(({ label, npm, onNode24, setting, keeps, validates, afterDeath }) => [
    label,
    `${npm} ${versionOf(npm)}`,
    onNode24 ? (node24 ?? 'left out') : node,
    ...[setting, keeps, validates, afterDeath],
  ]);
  const bullpen = [
    ...[
      'Bullpen',
      'this commit',
      node,
      `its defaults, but for \`events\`, which each row names (default ${DEFAULT_EVENTS})`,
    ],
    ...['the last 10,000, for a day', 'yes, twice', 'runs again'],
  ];
  return [
    table(
      ['', 'version', 'Node', 'set up', 'finished jobs it keeps', 'checks payloads', 'a job whose process dies'],
      [...rows, bullpen],
    ),
    'All of them deliver at least once, but for node-resque. Left out: libraries that keep no list of running jobs (rsmq), that look for jobs at intervals (@boringnode/queue), that nobody keeps up any more (kue), and those that are not on npm.',
  ];
}

/** Not every package lets its manifest be imported. */
function versionOf(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
