import { readFileSync } from 'node:fs';

/**
 * Gives the process that loads it first (`node --import`) a wrong wall clock: `Date` is ahead of the
 * host's clock by as many milliseconds as the file `SKEWED_CLOCK` says. The file may change while
 * the process runs. Monotonic clocks (`performance`, timers) stay right; `Date.hostNow` is the
 * host's clock.
 */
const file = process.env['SKEWED_CLOCK'] ?? '';
const REREAD_MS = 20;

const RealDate = Date;
let skewMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

function now(): number {
  const uptime = performance.now();
  if (uptime - readAt >= REREAD_MS) {
    readAt = uptime;
    skewMs = readSkew() ?? skewMs;
  }
  return RealDate.now() + skewMs;
}

/** Undefined while there is no file, or nothing in it yet. */
function readSkew(): number | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? undefined : Number(text);
  } catch {
    return undefined;
  }
}

// A proxy and not a subclass: dates that Node makes itself are still instances of it.
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : name === 'hostNow' ? RealDate.now : Reflect.get(target, name)),
});
