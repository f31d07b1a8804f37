import { MAX_CONCURRENCY, type QueueOption } from '../worker-options.js';

/** Reads the values of `--queue`: `name` or `name:concurrency`, each queue once. */
export function readQueues(values: readonly string[], refuse: (reason: string) => void): QueueOption[] {
  const names = values.map((value) => value.replace(/:.*/, ''));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) refuse(`names '${twice}' twice`);
  return values.map((value) => {
    const [, name = '', concurrency] = /^([^:]+)(?::(\d{1,5}))?$/.exec(value) ?? [];
    if (name === '' || Number(concurrency ?? 1) < 1 || Number(concurrency ?? 1) > MAX_CONCURRENCY) {
      refuse(`expected name or name:concurrency, got '${value}'`);
    }
    return concurrency === undefined ? { name } : { name, concurrency: Number(concurrency) };
  });
}
