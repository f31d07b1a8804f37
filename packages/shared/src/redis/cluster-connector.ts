import { isIP, connect as openTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as openTls } from 'node:tls';
import type { HostPort } from './hosts-url.js';

/** A node's answer to the question where our slot is. */
export interface NodeAnswer {
  /** The node that has our slot now; `undefined` when none has it. */
  readonly owner: HostPort | undefined;
  /** All nodes that the asked node knows. */
  readonly nodes: readonly HostPort[];
}

/** What {@link ClusterConnector} needs: whom to ask, how, and when to ask again. */
export interface ClusterDeps {
  /** The nodes to ask first. */
  readonly nodes: readonly HostPort[];
  readonly ask: (node: HostPort) => Promise<NodeAnswer>;
  readonly tls: ConnectionOptions | undefined;
  readonly retryAfterMs: (round: number) => number;
}

const CLOSED = 'Connection is closed.';
const CLOSE_WITHIN_MS = 2_000;

/**
 * Connects the client to the node that has our slot, as a sentinel would to the primary. All keys
 * of a prefix are in one slot, so one ordinary connection is enough, and it behaves as everywhere
 * else. (The client's own class for clusters keeps a connection per node, sends commands again by
 * itself, and gives up in other ways.) When the slot has moved, the client connects again.
 */
export class ClusterConnector {
  /** The client reads here why a connection ended before it was open. */
  firstError?: Error;
  #connecting = false;
  #stream: Socket | undefined;
  #nodes: HostPort[];
  readonly #deps: ClusterDeps;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
    this.#nodes = [...deps.nodes];
  }

  /** @param report tells the client what goes wrong while it waits */
  async connect(report: (type: string, error: Error) => void): Promise<Socket> {
    const { ask, retryAfterMs } = this.#deps;
    this.#connecting = true;
    for (let round = 1; ; round += 1) {
      let fault = new Error('CLUSTERDOWN no node says who has our slot');
      for (const node of [...this.#nodes]) {
        // The next round asks this node last: it may be cut off from the others and not know it.
        this.#nodes = [...this.#nodes.filter((each) => each !== node), node];
        try {
          const { owner, nodes: known } = await ask(node);
          if (owner !== undefined && this.#connecting) return this.#open(owner, known);
        } catch (error) {
          fault = error as Error;
        }
        if (!this.#connecting) throw new Error(CLOSED);
      }
      report('error', fault);
      await sleep(retryAfterMs(round));
      if (!this.#connecting) throw new Error(CLOSED);
    }
  }

  /** Whether the node is still a primary: it may have become a replica meanwhile. */
  check({ role }: { readonly role?: string }): boolean {
    return role === undefined || role === 'master';
  }

  disconnect(): void {
    this.#connecting = false;
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    const timer = setTimeout(() => stream.destroy(), CLOSE_WITHIN_MS);
    stream.on('close', () => clearTimeout(timer));
    stream.end();
  }

  #open(owner: HostPort, known: readonly HostPort[]): Socket {
    // Kept, because all nodes that were named at the start may be gone one day.
    const isNew = (node: HostPort) => !this.#nodes.some(({ host, port }) => host === node.host && port === node.port);
    this.#nodes.push(...known.filter(isNew));
    const { tls } = this.#deps;
    const servername = isIP(owner.host) === 0 ? { servername: owner.host } : {};
    const stream = tls === undefined ? openTcp({ ...owner }) : openTls({ ...owner, ...servername, ...tls });
    stream.once('error', (error: Error) => {
      this.firstError = error;
    });
    this.#stream = stream;
    return stream;
  }
}

/** Reads what a node answers to CLUSTER KEYSLOT and CLUSTER SLOTS. */
export function readSlots(slot: unknown, slots: unknown, asked: HostPort): NodeAnswer {
  const ranges = (slots as readonly [from: number, to: number, ...nodes: [host: string | null, port: number][]][]).map(
    ([from, to, ...nodes]) => ({
      isOurs: from <= Number(slot) && Number(slot) <= to,
      // A node that does not know its own address leaves it out. We reached it at `asked`.
      nodes: nodes.map(([host, port]) => ({ host: host || asked.host, port })),
    }),
  );
  return {
    owner: ranges.find(({ isOurs }) => isOurs)?.nodes[0],
    nodes: ranges.flatMap(({ nodes }) => nodes).filter(({ port }) => port > 0),
  };
}
