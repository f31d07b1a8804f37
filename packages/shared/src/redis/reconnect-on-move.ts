import { isClusterDown, isOfCluster, isReadonly } from './redis-faults.js';

/**
 * A replica that was a primary until a moment ago answers READONLY to every command. We connect
 * again, to the new primary, at most this often.
 */
const RECONNECT_EVERY_MS = 1_000;

/**
 * Makes the client's `reconnectOnError`. It says whether an error means that the primary, or our
 * slot of a cluster, is on another server now. It also completes the message for whoever reads it.
 */
export function reconnectOnMove(byCluster: boolean): (error: Error) => boolean {
  let reconnectedAt = -RECONNECT_EVERY_MS;
  return (error) => {
    const isElsewhere = isOfCluster(error);
    if (isElsewhere) {
      error.message = byCluster
        ? `TRYAGAIN ${error.message}`
        : `${error.message}; this is a node of a Redis Cluster: give its address as redis+cluster://host:port, and a prefix such as {bullpen}`;
    }
    const isMoved = isReadonly(error) || (byCluster && (isElsewhere || isClusterDown(error)));
    if (!isMoved || performance.now() - reconnectedAt < RECONNECT_EVERY_MS) return false;
    reconnectedAt = performance.now();
    return true;
  };
}
