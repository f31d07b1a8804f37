/** Writes a rate for people: `1,200/s`, `0.4/s`, `<0.1/s`. Only a rate of nothing is `0/s`. */
export function showRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.1) return '<0.1/s';
  const isExact = perSecond > 0 && perSecond < 9.95;
  return `${isExact ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en-US')}/s`;
}
