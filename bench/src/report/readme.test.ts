import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Claim, withClaims } from './readme.js';
import { spreadOf } from './spread.js';

const readme = 'before <!-- bench: begin --> old <!-- bench: end --> after';
const nine = (value: number) => spreadOf(Array.from({ length: 9 }, () => value));
const lineOf = (claim: Omit<Claim, 'what'>): string | undefined =>
  withClaims(readme, [{ what: 'it', ...claim }])
    .split('\n')
    .at(-2);

describe('withClaims', () => {
  it('replaces what stands between the marks, and nothing else', () => {
    const written = withClaims(readme, []);
    expect(written).toMatch(/^before <!-- bench: begin -->\n.*\n<!-- bench: end --> after$/s);
    expect(written).not.toContain('old');
  });

  it('shows what is slower in bold, and says what is level', () => {
    expect(lineOf({ toBullmq: nine(2), toBee: nine(0.5) })).toBe('| it | 2.00 × | **0.50 ×** |');
    expect(lineOf({ toBullmq: nine(1) })).toBe('| it | level (1.00 ×) |  |');
  });

  it('shows what costs more in bold', () => {
    const isCost = true;
    expect(lineOf({ toBullmq: nine(1.5), toBee: nine(0.5), isCost })).toBe('| it | **1.50 ×** | 0.50 × |');
  });

  it('hides nothing that was not measured', () => {
    expect(lineOf({ toBullmq: undefined, toBee: undefined })).toBe('| it | – | – |');
  });

  it('refuses a README without marks; the one of this repository has them', () => {
    expect(() => withClaims('nothing', [])).toThrow("must have '<!-- bench: begin -->'");
    expect(withClaims(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8'), [])).toContain('BullMQ');
  });
});
