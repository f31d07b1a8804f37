import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { rememberServer } from './remember-server.js';

/** A client whose `INFO` gives this answer, and remembers the sections that it was asked for. */
function clientOf(answer: () => Promise<string>) {
  const sections: unknown[][] = [];
  const info = (...args: unknown[]) => {
    sections.push(args);
    return answer();
  };
  const client = { info, hello: async () => [] };
  return { client: rememberServer(client as never), sections };
}

/** Asks as the client does when it connects. */
const connect = (client: ReturnType<typeof rememberServer>) =>
  new Promise((resolve) => void client.info((error, text) => resolve(error ?? text)).catch(() => undefined));

describe('rememberServer', () => {
  it('remembers what the server says when the client connects', async () => {
    const { client } = clientOf(async () => 'redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n');
    expect(client.server.version).toBeUndefined();
    await connect(client);
    expect(client.server).toEqual({ version: '7.0.15', evictionPolicy: 'noeviction' });
  });

  it('answers an empty text where our user may not ask, and fails for any other reason', async () => {
    const denied = clientOf(async () => {
      throw new ReplyError("NOPERM this user has no permissions to run the 'info' command");
    });
    expect(await connect(denied.client)).toBe('');
    const gone = clientOf(async () => {
      throw new Error('Connection is closed.');
    });
    expect(await connect(gone.client)).toMatchObject({ message: 'Connection is closed.' });
  });

  it('leaves alone what others ask, and remembers nothing of it', async () => {
    const { client, sections } = clientOf(async () => 'redis_version:1.0.0');
    await client.info('replication');
    await client.info();
    expect(sections).toEqual([['replication'], []]);
    expect(client.server.version).toBeUndefined();
  });
});
