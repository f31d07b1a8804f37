import { table } from './show.js';
import { type Spread, sideOfOne } from './spread.js';

/** A line of the table in README.md: how often our speed is that of others, or our cost theirs. */
export interface Claim {
  readonly what: string;
  readonly toBullmq: Spread | undefined;
  /** Left out where bee-queue has nothing like it. */
  readonly toBee?: Spread | undefined;
  /** Less is better. */
  readonly isCost?: boolean;
}

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/**
 * README.md with the numbers of a run between its marks: what it claims is what the bench measured,
 * the weak rows included.
 * @throws Error when the marks are not there
 */
export function withClaims(readme: string, claims: readonly Claim[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`README.md must have '${BEGIN}', and after it '${END}'`);
  const rows = claims.map((claim) => {
    const { what, toBullmq, isCost = false } = claim;
    return [what, showClaim(toBullmq, isCost), 'toBee' in claim ? showClaim(claim.toBee, isCost) : ''];
  });
  return `${readme.slice(0, begin)}${BEGIN}\n${table(['', 'BullMQ', 'bee-queue'], rows)}\n${readme.slice(end)}`;
}

/** Bold where we are behind. */
function showClaim(ratio: Spread | undefined, isCost: boolean): string {
  if (ratio === undefined) return '–';
  const side = sideOfOne(ratio);
  const times = `${ratio.median.toFixed(ratio.median < 10 ? 2 : 0)} ×`;
  if (side === 'level') return `level (${times})`;
  return side === (isCost ? 'above' : 'below') ? `**${times}**` : times;
}
