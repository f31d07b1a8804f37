import { describe, expect, it } from 'vitest';
import { type Path, secretPaths } from './secret-paths.js';

const at = (path: string): Path =>
  path.split('.').reduce<Path | undefined>((above, name) => ({ name, above }), undefined) as Path;

describe('paths to secrets', () => {
  const isSecret = secretPaths(['token', 'apiKey', 'card.number', 'headers.*.value']);

  it.each([
    'token',
    'a.TOKEN',
    'csrf_token',
    'accessToken',
    'x-api-key',
    'APIKey',
    'my api key',
    'card.number',
    'a.Card.number',
    'headers.x.value',
  ])('%s leads to a secret', (path) => {
    expect(isSecret(at(path))).toBe(true);
  });

  it.each([
    'tokens',
    'tokenCount',
    'broken',
    'key',
    'number',
    'card',
    'creditcard.number',
    'headers.value',
    '__proto__',
  ])('%s leads to no secret', (path) => {
    expect(isSecret(at(path))).toBe(false);
  });
});
