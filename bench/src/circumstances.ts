import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { NODE_24 } from './running/node-24.js';

/** Above this the machine is busy with something else, and its numbers mean nothing. */
const MAX_LOAD = 2;

/** What a reader must know of where and when a run was made. It is noted before the run starts. */
export interface Circumstances {
  /** The commit of this repository. */
  readonly commit: string;
  /** Whether files of that commit had been changed. */
  readonly changed: boolean;
  /** The load average over the last minute. */
  readonly load: number;
  readonly node: string;
  /** The version of the Node for libraries that need it; undefined without one. */
  readonly node24: string | undefined;
  readonly cores: number;
  readonly processor: string;
}

/** Notes them. */
export function noteCircumstances(): Circumstances {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  return {
    commit: git('rev-parse', '--short=10', 'HEAD'),
    // Results and plots of the run before are no product code.
    changed: git('status', '--porcelain', '--', ':/packages', ':/bench/src', ':/pnpm-lock.yaml') !== '',
    load: loadavg()[0] ?? 0,
    node: process.versions.node,
    node24:
      NODE_24 === undefined
        ? undefined
        : execFileSync(NODE_24, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim(),
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'an unknown processor',
  };
}

/** Why a run that is made now must not be published, as sentences; nothing when it may be. */
export function obstaclesOf({ changed, load, node24 }: Circumstances, trial: readonly string[]): string[] {
  return [
    ...(trial.length === 0 ? [] : [`This is a trial: ${trial.join(', ')}.`]),
    ...(load > MAX_LOAD
      ? [`The load average is ${load.toFixed(2)}, above ${MAX_LOAD}: wait until the machine is quiet.`]
      : []),
    ...(changed ? ['There are changes that no commit has: commit them first.'] : []),
    ...(node24 === undefined ? ['BENCH_NODE_24 names no Node 24: start the bench by `pnpm bench`.'] : []),
  ];
}
