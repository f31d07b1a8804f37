import { describe, expect, it } from 'vitest';
import { redactUrls } from '../job/redact-urls.js';
import { explainRedis } from './explain-redis.js';

const PLAIN = 'redis://redis.example:6379';
const TLS = 'rediss://redis.example:6379';

describe('explainRedis', () => {
  it.each([
    [
      'NOAUTH HELLO must be called with the client already authenticated, otherwise …',
      PLAIN,
      /^NOAUTH \(it wants a password: set REDIS_URL to .*:<password>@/,
    ],
    ['NOAUTH Authentication required.', PLAIN, /^NOAUTH \(it wants a password: set REDIS_URL/],
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      PLAIN,
      /disabled \(REDIS_URL has <user>:<password>@ before/,
    ],
    [
      "NOPERM this user has no permissions to run the 'eval' command",
      PLAIN,
      /'eval' command \(allow the user the command; '\+@all -@dangerous \+info'/,
    ],
    [
      'NOPERM this user has no permissions to access one of the keys used as arguments',
      PLAIN,
      /\(the user may not use our keys: .*~bullpen:\*/,
    ],
    [
      'NOPERM this user has no permissions to access one of the channels used as arguments',
      PLAIN,
      /\(the user may not use our channels: .*&bullpen:\*/,
    ],
    [
      "ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:1.",
      PLAIN,
      /\(allow the user the command/,
    ],
    ['ERR DB index is out of range', PLAIN, /\(the number after the host in the address is the database/],
    ['MOVED 5061 127.0.0.1:7001', PLAIN, /\(it is a node of a Redis Cluster: write redis\+cluster:\/\/\)$/],
    [
      "ERR unknown command 'sentinel', with args beginning with: 'x' (sentinel 127.0.0.1:6379)",
      PLAIN,
      /\(it is no sentinel/,
    ],
    ['ERR This instance has cluster support disabled', PLAIN, /\(it is no node of a cluster/],
    [
      'Unknown RESP type 72 "H". Please report this.',
      PLAIN,
      /^what answers there is no Redis \(check host and port\)$/,
    ],
    ['read ECONNRESET', PLAIN, /\(it hangs up; a server that wants TLS does that \(write rediss:\/\/\)/],
    ['write EPIPE', PLAIN, /rediss:\/\//],
    ['read ECONNRESET', TLS, /\(it hangs up; does it speak TLS there\? .* redis:\/\/\)$/],
    ['connect ETIMEDOUT', TLS, /\(does it speak TLS there\?/],
    ['connect ETIMEDOUT', PLAIN, /\(check host and port, and the firewalls in between\)$/],
    [undefined, TLS, /^nothing answered \(does it speak TLS there\?/],
    [undefined, PLAIN, /^nothing answered \(check host and port/],
    ['self-signed certificate in certificate chain', TLS, /\(set NODE_EXTRA_CA_CERTS to/],
    ['unable to verify the first certificate', TLS, /\(set NODE_EXTRA_CA_CERTS to/],
    ['error:0A00010B:SSL routines::wrong version number', TLS, /\(it does not speak TLS there/],
    ['connect ECONNREFUSED 127.0.0.1:6379', PLAIN, /\(nothing listens there; is Redis running/],
    ['getaddrinfo ENOTFOUND redis.example', PLAIN, /\(there is no such host/],
    [
      'DENIED Redis is in protected mode',
      PLAIN,
      /^DENIED: it is in protected mode \(it has no password, .*requirepass/,
    ],
    [
      "READONLY You can't write against a read only replica. script: 9418e158, on @user_script:185.",
      PLAIN,
      /^READONLY You can't write against a read only replica \(it is a replica: the address must lead to the primary\)$/,
    ],
    ["OOM command not allowed when used memory > 'maxmemory'.", PLAIN, /'maxmemory' \(its memory is full: raise/],
    [
      'MISCONF Redis is configured to save RDB snapshots, but …',
      PLAIN,
      /^MISCONF: it cannot save .* \(its log says why/,
    ],
    ['NOREPLICAS Not enough good replicas to write.', PLAIN, /\(fewer replicas are connected to it than/],
    ['CLUSTERDOWN Hash slot not served', PLAIN, /\(some of its slots have no node/],
    ["Hostname/IP does not match certificate's altnames: IP: 10.0.0.1", TLS, /\(its certificate is for another name/],
    ['certificate has expired', TLS, /\(renew it on the server\)$/],
    [
      'Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.',
      PLAIN,
      /^the connection was lost before it answered$/,
    ],
    [
      "NOPERM: the user may not run zadd on 'keys:channel' (allow it: ACL SETUSER <user> +zadd)",
      PLAIN,
      /<user> \+zadd\)$/,
    ],
    ['LOADING Redis is loading the dataset in memory', PLAIN, /^LOADING Redis is loading the dataset in memory$/],
  ])('%s at %s', (reason, address, says) => {
    const said = explainRedis(reason, address);
    expect(said).toMatch(says);
    // Whoever prints it hides passwords. Our example must not look like one.
    expect(redactUrls(said)).toBe(said);
  });
});
