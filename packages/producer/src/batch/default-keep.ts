/** The default of `keep` and of `keepKeys`. */
export const DEFAULT_KEEP = '7d';
