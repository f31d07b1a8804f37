/** The host's clock, in milliseconds since 1970, also in a process whose clock is skewed. */
export const hostNow: () => number = (Date as { hostNow?: () => number }).hostNow ?? Date.now;
