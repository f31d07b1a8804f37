import { Attached } from '../../support/attached.js';
import { docker } from './docker.js';

/** How to run a container. */
export interface ContainerStart {
  readonly name: string;
  /** What stands between `docker run` and the image. */
  readonly flags: readonly string[];
  readonly image: string;
  readonly args: readonly string[];
  /** For its standard input, which ends after it, or stays open and says nothing. */
  readonly input?: string | 'keep open';
}

/**
 * A container whose `docker run` we stay attached to: what it prints is read as it comes, and its
 * exit code is the container's.
 */
export class Container extends Attached {
  readonly name: string;

  constructor({ name, flags, image, args, input }: ContainerStart) {
    const interactive = input === undefined ? [] : ['--interactive'];
    super('docker', ['run', '--name', name, ...interactive, ...flags, image, ...args], input);
    this.name = name;
  }

  /** Sends its process 1 a signal. */
  async kill(signal: string): Promise<void> {
    await docker(['kill', '--signal', signal, this.name]);
  }

  /** `docker stop`: SIGTERM, and SIGKILL when it is still there after so many seconds. */
  async stop(graceS: number): Promise<void> {
    await docker(['stop', '--time', String(graceS), this.name]);
  }

  /** Makes sure that it is gone. */
  async destroy(): Promise<void> {
    await docker(['rm', '--force', '--volumes', this.name]).catch((error: Error) => {
      if (!error.message.includes('No such container')) throw error;
    });
    await this.ended;
  }
}
