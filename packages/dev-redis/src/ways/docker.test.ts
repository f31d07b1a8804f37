import { describe, expect, it } from 'vitest';
import { engineAddress } from './docker.js';

describe('engineAddress', () => {
  it.each([
    ['unix:///var/run/docker.sock', { path: '/var/run/docker.sock' }],
    ['npipe:////./pipe/docker_engine', { path: '//./pipe/docker_engine' }],
    ['tcp://10.0.0.7:2376', { host: '10.0.0.7', port: 2376 }],
    ['tcp://docker', { host: 'docker', port: 2375 }],
    ['ssh://me@host', undefined],
    ['nonsense', undefined],
  ])('reads %s', (dockerHost, address) => {
    expect(engineAddress(dockerHost)).toEqual(address);
  });
});
