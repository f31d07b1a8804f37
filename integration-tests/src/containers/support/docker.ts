import { execa, type Options } from 'execa';
import { until } from '../../support/until.js';

/** What is wrong when the `docker` command fails, in its own words. */
class DockerFailed extends Error {}

/**
 * Runs the `docker` command and returns what it printed.
 * @throws DockerFailed with its words when it exits with anything but 0
 */
export async function docker(args: readonly string[], options: Options = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await execa('docker', args, { reject: false, stdin: 'ignore', ...options });
  if (exitCode !== 0) throw new DockerFailed(`docker ${args.join(' ')} exited with ${exitCode}: ${stderr}\n${stdout}`);
  return String(stdout);
}

/** What a container has printed so far, in all its lives. */
export async function readLogs(name: string): Promise<string> {
  const { all } = await execa('docker', ['logs', name], { all: true, stdin: 'ignore' });
  return all;
}

/** Waits for a fact that the `docker` command tells, which costs a process each time. */
export function untilDocker<T>(what: string, fact: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  return until(what, fact, 60_000, 200);
}

/**
 * Everything that tests make carries it, so that nothing is left behind and nothing else is
 * touched.
 */
export const LABEL = 'bullpen.test';

/** What `docker inspect` says of one container, image or network. */
export async function inspect<T>(name: string, ...type: string[]): Promise<T> {
  const [about] = JSON.parse(await docker(['inspect', ...type, name])) as [T];
  return about;
}

/** The part of what `docker inspect` says of a container that tests ask for. */
export interface ContainerState {
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] };
  };
}
