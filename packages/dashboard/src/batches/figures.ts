import { showDuration, showRate } from '@bullpen/shared/internal';

const figures = new Intl.NumberFormat('en');

/** Writes a count: `12,345`. */
export const showCount = (count: number): string => figures.format(count);

/** Writes a rate: `1,200/s`, `0.4/s`; a dash when it is not known, and when nothing moves. */
export const rateOrDash = (perSecond: number | undefined): string =>
  perSecond === undefined || perSecond === 0 ? '–' : showRate(perSecond);

/** Writes the time left: `about 2m`; a dash when it is not known. */
export const showLeft = (seconds: number | undefined): string =>
  seconds === undefined ? '–' : `about ${showDuration(Math.ceil(seconds) * 1000)}`;

/** Writes how long ago an instant was: `3m ago`. */
export const showSince = (at: number, now: number): string => `${showDuration(Math.max(0, now - at))} ago`;
