/** A Redis server program that runs on this machine. */
export interface RedisProgram {
  /** The absolute path of its binary. */
  readonly binary: string;
  /** The folders of the shared libraries that the system does not have. */
  readonly libraryFolders: readonly string[];
}

/** A running Redis that this process started, as a program or as a container. */
export interface RunningRedis {
  readonly url: string;
  readonly version: string;
  /** Resolves with the reason when Redis has ended by itself. */
  readonly ended: Promise<string>;
  /** Stops Redis and removes its data. */
  stop(): Promise<void>;
}
