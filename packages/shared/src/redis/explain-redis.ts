/** What the client says of an answer that is not in Redis' protocol. */
const NO_REDIS = /^Unknown RESP type|^Protocol error, got/;

/** What to do about an answer of Redis, or about the end of a connection, by its words. */
const ADVICE: readonly (readonly [reason: RegExp, advice: string])[] = [
  [
    /^NOAUTH/,
    'it wants a password: set REDIS_URL to an address with :<password>@ or <user>:<password>@ before the host',
  ],
  [
    /^WRONGPASS|invalid password/,
    'REDIS_URL has <user>:<password>@ before the host, or :<password>@ for the default user, with special characters as %-escapes',
  ],
  [/^NOPERM .*key/, "the user may not use our keys: allow it those of the prefix, such as '~bullpen:*'"],
  [/^NOPERM .*channel/, "the user may not use our channels: allow it those of the prefix, such as '&bullpen:*'"],
  [/^NOPERM |can't run this command|ACL failure/, "allow the user the command; '+@all -@dangerous +info' is enough"],
  [
    /DB index is out of range|invalid DB index/,
    'the number after the host in the address is the database; most servers have 0 to 15',
  ],
  [
    /^(MOVED|ASK|CROSSSLOT|ERR Script attempted to access)\b/,
    'it is a node of a Redis Cluster: write redis+cluster://',
  ],
  [/unknown command .?sentinel/i, 'it is no sentinel: write redis:// for a server on its own'],
  [/cluster support disabled/, 'it is no node of a cluster: write redis:// for a server on its own'],
  [
    /^DENIED/,
    'it has no password, so only its own machine may connect: give it one (requirepass), and put it into REDIS_URL',
  ],
  [/\bREADONLY\b/, 'it is a replica: the address must lead to the primary'],
  [/\bOOM\b/, 'its memory is full: raise its maxmemory, or remove jobs'],
  [/\bMISCONF\b/, 'its log says why; is its disk full?'],
  [/\bNOREPLICAS\b/, 'fewer replicas are connected to it than its min-replicas-to-write'],
  [/\bCLUSTERDOWN\b/, "some of its slots have no node: redis-cli says more with 'cluster info'"],
  [
    /max number of clients/,
    'raise its maxclients: a worker opens two connections and one for each queue, a dashboard and a producer open two and one',
  ],
  [NO_REDIS, 'check host and port'],
  [
    /wrong version number|packet length too long|EPROTO/,
    'it does not speak TLS there: write redis://, or name its TLS port',
  ],
  [
    /self.signed|unable to (verify|get)|local issuer/i,
    'set NODE_EXTRA_CA_CERTS to the file of its certificate authority',
  ],
  [/does not match certificate's altnames/, 'its certificate is for another name: write that name into the address'],
  [/certificate has expired/, 'renew it on the server'],
  [/ECONNREFUSED/, 'nothing listens there; is Redis running, and are host and port right?'],
  [/ENOTFOUND/, 'there is no such host; check the address'],
];

/** Where in our scripts Redis refused; this helps nobody. */
const IN_SCRIPT = /\.? script: [0-9a-f]+, on @user_script:\d+\.?/;

/** Words of a connection that ended before Redis said anything. */
const HANGS_UP = /ECONNRESET|EPIPE|Connection is closed|socket hang up|disconnected before secure/;

/**
 * Adds what to do to the reason why Redis cannot be used.
 * @param reason what Redis or the connection said; `undefined` when nothing was said
 * @param address where Redis is, without a password
 */
export function explainRedis(reason: string | undefined, address: string): string {
  const advice = adviceOn(reason, /^rediss/i.test(address));
  const said = inOurWords(reason);
  return advice === undefined ? said : `${said.replace(/\.$/, '')} (${advice})`;
}

/** Some reasons speak of the protocol, which is no help. */
function inOurWords(reason: string | undefined): string {
  if (reason === undefined) return 'nothing answered';
  if (reason.startsWith('NOAUTH')) return 'NOAUTH';
  if (reason.startsWith('Reached the max retries per request')) return 'the connection was lost before it answered';
  if (reason.startsWith('DENIED')) return 'DENIED: it is in protected mode';
  // Redis says a lot here.
  if (reason.startsWith('MISCONF')) return 'MISCONF: it cannot save its data to disk, and so refuses writes';
  return NO_REDIS.test(reason) ? 'what answers there is no Redis' : reason.replace(IN_SCRIPT, '');
}

function adviceOn(reason: string | undefined, isTls: boolean): string | undefined {
  if (reason === undefined || /ETIMEDOUT|Socket timeout/.test(reason))
    return isTls
      ? 'does it speak TLS there? Without TLS the address begins with redis://'
      : 'check host and port, and the firewalls in between';
  if (HANGS_UP.test(reason))
    return isTls
      ? 'it hangs up; does it speak TLS there? Without TLS the address begins with redis://'
      : 'it hangs up; a server that wants TLS does that (write rediss://), and so does one that is no Redis';
  return ADVICE.find(([words]) => words.test(reason))?.[1];
}
