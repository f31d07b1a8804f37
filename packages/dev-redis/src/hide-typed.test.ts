import { expect, it } from 'vitest';
import { hideTyped } from './hide-typed.js';

it.each([
  ["unknown option '--redis=redis://bob:it's@host'", "unknown option '--redis=***'"],
  ["unknown option '--password=secret'", "unknown option '--password=***'"],
  ["unknown option '--wya'\n(Did you mean --way?)", "unknown option '--wya'\n(Did you mean --way?)"],
  ["option '--way <way>' argument 'bob:se/cret@host' is invalid.", "option '***' is invalid."],
  ["option '--way <way>' argument 'none' is invalid.", "option '--way <way>' argument 'none' is invalid."],
])('makes of %j', (message, shown) => {
  expect(hideTyped(message)).toBe(shown);
});
