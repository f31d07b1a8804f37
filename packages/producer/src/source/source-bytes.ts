/** By what a file is recognised: its size in bytes, and the SHA-256 (hex) of all its bytes. */
export interface SourceIdentity {
  /** The size of the file. */
  readonly bytes: number;
  /** The SHA-256 of all its bytes, in hex. */
  readonly sha256: string;
}

/** The bytes of an open source. */
export interface SourceBytes {
  readonly pieces: AsyncIterable<Buffer>;
  /** `undefined` for a source that is no regular file. */
  readonly identity: SourceIdentity | undefined;
  /** How the file has changed since it was opened, as a sentence. `undefined` when it has not. */
  changed(): Promise<string | undefined>;
  close(): void;
}
