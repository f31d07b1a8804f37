import { closest, distance } from 'fastest-levenshtein';

/**
 * Suggests a name for a mistyped one: ` Did you mean 'x'?` (with the space before it) when a name
 * is close, else an empty text.
 */
export function suggest(typed: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const candidate = closest(typed, names);
  return distance(typed, candidate) <= Math.max(2, Math.floor(candidate.length / 3))
    ? ` Did you mean '${candidate}'?`
    : '';
}
