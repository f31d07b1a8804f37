/**
 * What a receiver does with an event it sees for the first time. The second time it takes
 * everything.
 */
export type Mischief =
  /** Takes it. */
  | 'none'
  /** Answers 500. */
  | 'error'
  /** Answers 503 and asks for a second. */
  | 'busy'
  /** Breaks the connection and has not taken it. */
  | 'reset'
  /**
   * Takes it and breaks the connection before answering: the sender cannot know, and will send it
   * again.
   */
  | 'answer lost';

/**
 * Chooses by the event's id, so that the same events fail in every run: 3 %, 1 %, 0.4 % and 0.2 %
 * of them.
 */
export function mischiefFor(eventId: string): Mischief {
  const share = hash(eventId) % 1_000;
  if (share < 30) return 'error';
  if (share < 40) return 'busy';
  if (share < 44) return 'reset';
  if (share < 46) return 'answer lost';
  return 'none';
}

/**
 * How long the receiver works on an event: 5 to 30 ms, and for one in fifty 300 to 800 ms, so that
 * some are always under way.
 */
export function latencyFor(eventId: string): number {
  const share = hash(`latency of ${eventId}`);
  return share % 50 === 0 ? 300 + (share % 501) : 5 + (share % 26);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV leaves the low bits of short texts alike; this mixes them.
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) >>> 0;
}
