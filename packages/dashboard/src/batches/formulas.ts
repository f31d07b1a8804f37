/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;
/** A number, a telephone number, a date. */
const HARMLESS = /^[+-]?[\d\s.,()/-]*$/;

/** A value whose texts a spreadsheet takes for texts: payloads come from strangers, and a download is opened by a colleague. */
export function withoutFormulas(value: unknown): unknown {
  if (typeof value === 'string') return FORMULA.test(value) && !HARMLESS.test(value) ? `'${value}` : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutFormulas);
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, withoutFormulas(child)]));
}
