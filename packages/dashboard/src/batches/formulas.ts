import { mapTexts } from '../redact/map-texts.js';

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;
/** A number, a telephone number, a date. */
const HARMLESS = /^[+-]?[\d\s.,()/-]*$/;

/**
 * A value whose texts a spreadsheet takes for texts: payloads come from strangers, and a download
 * is opened by a colleague.
 */
export const withoutFormulas = (value: unknown): unknown =>
  mapTexts(value, (text) => (FORMULA.test(text) && !HARMLESS.test(text) ? `'${text}` : text));
