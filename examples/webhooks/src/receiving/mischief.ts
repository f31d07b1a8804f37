/**
 * How the receiver treats an event that it sees for the first time. The second time it accepts
 * every event.
 */
export type Mischief =
  /** Accepts it. */
  | 'none'
  /** Answers 500. */
  | 'error'
  /** Answers 503 and asks the sender to wait a second. */
  | 'busy'
  /** Breaks the connection without accepting it. */
  | 'reset'
  /**
   * Accepts it and breaks the connection before answering. The sender cannot know that, and sends
   * it again.
   */
  | 'answer lost';

/**
 * Chooses the mischief by the event's id, so that the same events fail in every run: 3 % get an
 * error, 1 % busy, 0.4 % a reset, and for 0.2 % the answer is lost.
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
 * How long the receiver works on an event: 5 to 30 ms, and 300 to 800 ms for one event in fifty, so
 * that some are always under way.
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
  // FNV mixes the low bits of short texts badly; this mixes them better.
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) >>> 0;
}
