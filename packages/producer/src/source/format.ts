/** The formats of a source. */
export const FORMATS = ['csv', 'ndjson', 'json'] as const;
/** A format of a source: CSV, NDJSON (one JSON value per line), or a JSON array. */
export type Format = (typeof FORMATS)[number];
