import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { hearHangupRefusals, isProtectedMode } from './hangup-refusals.js';

/** A client whose server answers its greeting with this refusal, and the errors that it reports. */
function refusedWith(reply: string) {
  const hello = async () => {
    throw new Error(reply);
  };
  const client = Object.assign(new EventEmitter(), { hello });
  hearHangupRefusals(client as never);
  const errors: Error[] = [];
  return { client, errors, listen: () => client.on('error', (error) => errors.push(error)) };
}

const DENIED = 'DENIED Redis is running in protected mode because protected mode is enabled and no password is set';

describe('hearHangupRefusals', () => {
  it('reports the refusal, in words that the client does not take for a hint', async () => {
    const { client, errors, listen } = refusedWith(DENIED);
    listen();
    await expect(client.hello()).rejects.toSatisfy(isProtectedMode);
    expect(errors.map(String)).toEqual(['ReplyError: DENIED Redis is in protected mode']);
  });

  it('reports that the server has as many clients as it may have', async () => {
    const { client, errors, listen } = refusedWith('ERR max number of clients reached');
    listen();
    await expect(client.hello()).rejects.toThrow('ERR max number of clients reached');
    expect(errors.map(String)).toEqual(['ReplyError: ERR max number of clients reached']);
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
