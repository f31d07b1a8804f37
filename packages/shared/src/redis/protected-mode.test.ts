import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { hearProtectedMode, isProtectedMode } from './protected-mode.js';

/** A client whose server answers its greeting with this refusal, and the errors that it reports. */
function refusedWith(reply: string) {
  const hello = async () => {
    throw new Error(reply);
  };
  const client = Object.assign(new EventEmitter(), { hello });
  hearProtectedMode(client as never);
  const errors: Error[] = [];
  return { client, errors, listen: () => client.on('error', (error) => errors.push(error)) };
}

const DENIED = 'DENIED Redis is running in protected mode because protected mode is enabled and no password is set';

describe('hearProtectedMode', () => {
  it('reports the refusal, in words that the client does not take for a hint', async () => {
    const { client, errors, listen } = refusedWith(DENIED);
    listen();
    await expect(client.hello()).rejects.toSatisfy(isProtectedMode);
    expect(errors.map(String)).toEqual(['ReplyError: DENIED Redis is in protected mode']);
  });

  it('throws it also when nobody listens', async () => {
    await expect(refusedWith(DENIED).client.hello()).rejects.toSatisfy(isProtectedMode);
  });

  it('leaves every other refusal as it is', async () => {
    const { client, errors, listen } = refusedWith('NOAUTH HELLO must be called');
    listen();
    await expect(client.hello()).rejects.toThrow('NOAUTH HELLO must be called');
    expect(errors).toEqual([]);
  });
});
