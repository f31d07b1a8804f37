import { EventEmitter } from 'node:events';
import type { Logger, Redis } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { logConnection } from './log-connection.js';

/** A connection whose ups and downs are logged. */
function loggedConnection() {
  const connection = Object.assign(new EventEmitter(), { status: 'ready' });
  const lines: string[] = [];
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const log = { warn: at('warn'), info: at('info') };
  logConnection(connection as unknown as Redis, 'redis://host', log as unknown as Logger);
  return { connection, lines };
}

describe('logConnection', () => {
  it('says once that Redis went and once that it came back, however often it fails in between', () => {
    const { connection, lines } = loggedConnection();
    connection.emit('ready');
    connection.emit('close');
    for (let at = 0; at < 5; at += 1) connection.emit('error', new Error('connect ECONNREFUSED'));
    connection.emit('close');
    connection.emit('ready');
    expect(lines).toEqual(['warn: redis connection was lost; retrying', 'info: redis is available']);
  });

  it('says that Redis is unavailable when it was never there', () => {
    const { connection, lines } = loggedConnection();
    connection.emit('error', new Error('connect ECONNREFUSED'));
    connection.emit('close');
    connection.emit('ready');
    expect(lines).toEqual(['warn: redis is unavailable; retrying', 'info: redis is available']);
  });

  it('says nothing when the connection is closed on purpose', () => {
    const { connection, lines } = loggedConnection();
    connection.status = 'end';
    connection.emit('close');
    expect(lines).toEqual([]);
  });
});
