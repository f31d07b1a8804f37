import type { Readable } from 'node:stream';

const maxLength = 4_000;

/**
 * The end of what a child process printed: enough to say why it failed, whatever it printed before.
 */
export interface Tail {
  add(text: string): void;
  text(): string;
  lastLine(): string;
}

/**
 * Reads streams to their end, which a child needs in order not to block, and keeps the last of it.
 */
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
