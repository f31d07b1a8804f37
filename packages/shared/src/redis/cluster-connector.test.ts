import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClusterConnector, type NodeAnswer, readSlots } from './cluster-connector.js';
import type { HostPort } from './hosts-url.js';

const node = (name: string): HostPort => ({ host: name, port: 1 });

/** A server that accepts connections, and a connector that finds it through `ask`. */
async function setting(ask: (at: HostPort, owner: HostPort) => NodeAnswer | Promise<NodeAnswer>, nodes = ['a', 'b']) {
  const server = createServer((socket) => socket.on('data', () => undefined).on('end', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const owner = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const asked: string[] = [];
  const reported: string[] = [];
  const connector = new ClusterConnector({
    nodes: nodes.map(node),
    ask: async (at) => {
      asked.push(at.host);
      return ask(at, owner);
    },
    tls: undefined,
    retryAfterMs: () => 1,
  });
  const connect = (): Promise<Socket> => connector.connect((_, error) => reported.push(error.message));
  const open = async (): Promise<void> => {
    const socket = await connect();
    await once(socket, 'connect');
    expect(socket.remotePort).toBe(owner.port);
    connector.disconnect();
    await once(socket, 'close');
  };
  return { connector, connect, open, asked, reported };
}

describe('ClusterConnector', () => {
  it('connects to the owner of the slot, as the first node that answers names it', async () => {
    const { open, asked, reported } = await setting((at, owner) => {
      if (at.host === 'a') throw new Error('away');
      return { owner, nodes: [] };
    });
    await open();
    expect([asked, reported]).toEqual([['a', 'b'], []]);
  });

  it('asks another node each time, also one that it heard of later', async () => {
    const { open, asked } = await setting((_, owner) => ({ owner, nodes: [node('a'), node('c')] }));
    for (let times = 0; times < 4; times += 1) await open();
    expect(asked).toEqual(['a', 'b', 'a', 'c']);
  });

  it('asks all nodes again until one knows the owner, and reports each round that failed', async () => {
    let calls = 0;
    const { open, asked, reported } = await setting((_, owner) => {
      calls += 1;
      if (calls <= 2) throw new Error(`away ${calls}`);
      return { owner: calls <= 4 ? undefined : owner, nodes: [] };
    });
    await open();
    expect(asked).toHaveLength(5);
    expect(reported).toEqual(['away 2', 'CLUSTERDOWN no node says who has our slot']);
  });

  it('stops asking when it is disconnected', async () => {
    const { connector, connect } = await setting(() => {
      connector.disconnect();
      throw new Error('away');
    });
    await expect(connect()).rejects.toThrow('Connection is closed.');
  });

  it('refuses a node that became a replica', async () => {
    const { connector } = await setting(() => ({ owner: undefined, nodes: [] }));
    expect([{ role: 'master' }, { role: 'slave' }, {}].map((info) => connector.check(info))).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('readSlots', () => {
  const slots = [
    [0, 99, ['10.0.0.1', 7_000, 'id', []], ['10.0.0.2', 7_001, 'id', []]],
    [100, 16_383, ['', 7_002, 'id', []]],
  ];

  it('finds the primary of the slot and every node', () => {
    expect(readSlots(99, slots, node('asked'))).toEqual({
      owner: { host: '10.0.0.1', port: 7_000 },
      nodes: [
        { host: '10.0.0.1', port: 7_000 },
        { host: '10.0.0.2', port: 7_001 },
        { host: 'asked', port: 7_002 },
      ],
    });
  });

  it('uses the asked address for a node that leaves out its own', () => {
    expect(readSlots(100, slots, node('asked')).owner).toEqual({ host: 'asked', port: 7_002 });
  });

  it('finds no owner when nobody has the slot', () => {
    expect(readSlots(5, [], node('asked'))).toEqual({ owner: undefined, nodes: [] });
  });
});
