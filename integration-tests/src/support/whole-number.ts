import { InvalidArgumentError } from 'commander';

/** Reads the value of a flag that is a whole number from 1. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
