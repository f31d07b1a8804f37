/** A Redis server that can be run on this machine. */
export interface RedisProgram {
  /** The absolute path of its binary. */
  readonly binary: string;
  /** Where the shared libraries lie that the system does not have. */
  readonly libraryFolders: readonly string[];
}

/** A Redis that runs under this process, whatever it runs in. */
export interface RunningRedis {
  readonly url: string;
  readonly version: string;
  /** Resolves with the reason when it has ended by itself. */
  readonly ended: Promise<string>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}
