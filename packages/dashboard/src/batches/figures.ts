import { showDuration } from '@bullpen/shared/internal';

const figures = new Intl.NumberFormat('en');

/** Writes a count: `12,345`. */
export const showCount = (count: number): string => figures.format(count);

/** Writes a rate: `1,200/s`, `0.4/s`; a dash when it is not known. */
export function showRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '–';
  return `${perSecond >= 10 ? showCount(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

/** Writes the time left: `about 2m`; a dash when it is not known. */
export const showLeft = (seconds: number | undefined): string =>
  seconds === undefined ? '–' : `about ${showDuration(Math.ceil(seconds) * 1000)}`;

/** Writes how long ago an instant was: `3m ago`. */
export const showSince = (at: number, now: number): string => `${showDuration(Math.max(0, now - at))} ago`;
