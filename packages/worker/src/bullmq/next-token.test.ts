import { describe, expect, it } from 'vitest';
import { nextToken } from './next-token.js';

describe('nextToken', () => {
  it('counts on', () => {
    expect([nextToken('id:7.0'), nextToken('id:7.9'), nextToken('id:7.99')]).toEqual(['id:7.1', 'id:7.10', 'id:7.100']);
  });
});
