import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import type { Settings } from '../settings.js';
import type { Section, Target } from './section.js';
import { table } from './show.js';

const VERDICT = { true: 'reached', false: '**NOT reached**', undefined: 'not measured' } as const;

/** RESULTS.md: the targets first, then each scenario. */
export function resultsPage(
  sections: readonly Section[],
  failures: readonly string[],
  { rounds, scale, isComplete }: Settings,
  redis: string,
): string {
  const parts = [
    '# Bench results',
    'Made by `pnpm bench`, in one run. Machines differ and are noisy: read the ratios, which compare runs made in turn on one private Redis, not the rates. A ratio is the median of the ratios of all rounds, with the least and the most of them; every other number is the median of all rounds.',
    `${versions()}, ${redis}, ${cpus().length} cores, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. Each contender runs in a process of its own, on a Redis that was emptied before.`,
    ...(isComplete ? [] : [`**A trial: not every scenario, or not in full size (scale ${scale}).**`]),
    '## Targets',
    targetsTable(sections.flatMap(({ targets }) => targets)),
    ...(failures.length === 0 ? [] : ['## Failed', failures.map((failure) => `- ${failure}`).join('\n')]),
    ...sections.flatMap(({ title, text, plots, tables }) => [
      `## ${title}`,
      ...text,
      ...plots.map(({ file, alt }) => `![${alt}](${file})`),
      ...tables,
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function targetsTable(targets: readonly Target[]): string {
  return table(
    ['target', 'measured', ''],
    targets.map(({ wanted, measured, reached }) => [wanted, measured, VERDICT[`${reached}`]]),
  );
}

function versions(): string {
  const require = createRequire(import.meta.url);
  const peers = ['bullmq', 'bull', 'bee-queue'].map((name) => {
    const { version } = require(`${name}/package.json`) as { version: string };
    return `${name} ${version}`;
  });
  return `Node ${process.versions.node}, ${peers.join(', ')}`;
}
