import type { Readable } from 'node:stream';

const maxLength = 4_000;

/** The end of the output of a child process: enough to say why the process failed. */
export interface Tail {
  add(text: string): void;
  text(): string;
  lastLine(): string;
}

/** Reads streams to their end, because a child blocks otherwise, and keeps the end of the text. */
export function keepTail(...streams: readonly Readable[]): Tail {
  let kept = '';
  const tail: Tail = {
    add: (text) => {
      kept = (kept + text).slice(-maxLength);
    },
    text: () => kept,
    lastLine: () => kept.trim().split('\n').at(-1)?.trim() ?? '',
  };
  for (const stream of streams)
    stream
      .setEncoding('utf8')
      .on('data', tail.add)
      .on('error', () => {});
  return tail;
}
