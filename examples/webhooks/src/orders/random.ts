/** A source of numbers that look random; the same seed gives the same numbers on every machine. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  whole(below: number): number;
  /** One of `choices`. */
  pick<L extends readonly [unknown, ...unknown[]]>(choices: L): L[number];
}

/** Mulberry32: 32 bits of state, and whole numbers only, so that rounding makes no difference. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const whole = (below: number): number => next() % below;
  return { whole, pick: (choices) => choices[whole(choices.length)] };
}
