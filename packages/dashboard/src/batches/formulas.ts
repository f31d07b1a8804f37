import { mapTexts } from '../redact/map-texts.js';

/** A text that a spreadsheet reads as a formula begins with one of these. */
const FORMULA = /^[=+\-@\t\r]/;
/** A number, a telephone number or a date. */
const HARMLESS = /^[+-]?[\d\s.,()/-]*$/;

/**
 * Makes every text of a value safe for a spreadsheet, which then reads it as text and not as a
 * formula: payloads come from strangers, and a colleague opens the download.
 */
export const withoutFormulas = (value: unknown): unknown =>
  mapTexts(value, (text) => (FORMULA.test(text) && !HARMLESS.test(text) ? `'${text}` : text));
