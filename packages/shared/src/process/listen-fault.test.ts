import { describe, expect, it } from 'vitest';
import { listenFault } from './listen-fault.js';

describe('listenFault', () => {
  it.each([
    ['EADDRINUSE', 'port: port 80 of h is in use by another process; choose another'],
    ['EACCES', 'port: this user may not listen on port 80; choose one above 1023'],
    ['EADDRNOTAVAIL', 'host: this machine does not have the address h'],
    ['ENOTFOUND', 'host: there is no host h'],
    ['EMFILE', 'host: cannot listen on h, port 80: too many open files'],
  ])('%s', (code, says) => {
    const { path, reason } = listenFault('h', 80, Object.assign(new Error('too many open files'), { code }));
    expect(`${path}: ${reason}`).toBe(says);
  });
});
