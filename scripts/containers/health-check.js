// The health check of our images: asks the process in this container whether it is live. Exits 0 when it is, 1 when not; what it says is in
// `docker inspect`. Imports `node:http` and nothing else: it is started every few seconds.
import { get } from 'node:http';

const port = process.env.BULLPEN_HEALTH_PORT || process.env.BULLPEN_DASHBOARD_PORT;
const ANSWER_WITHIN_MS = 4_000;
const MOST_SAID = 1_000;

/** Says one thing and ends. */
function end(code, words) {
  process.stdout.write(words.slice(0, MOST_SAID));
  process.exitCode = code;
}

if (!port) {
  end(0, 'not asked: BULLPEN_HEALTH_PORT is empty');
} else {
  const request = get(
    { host: '127.0.0.1', port, path: '/livez', agent: false, timeout: ANSWER_WITHIN_MS },
    (response) => {
      let words = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        words += part;
      });
      response.on('end', () => end(response.statusCode === 200 ? 0 : 1, words || `answered ${response.statusCode}`));
    },
  );
  request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)));
  request.on('error', (error) => end(1, error.message));
}
