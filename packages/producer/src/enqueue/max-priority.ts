/**
 * BullMQ orders jobs by `priority × 2^32 + counter`. This number must stay exact in a double.
 */
export const MAX_PRIORITY = 2 ** 21 - 1;
