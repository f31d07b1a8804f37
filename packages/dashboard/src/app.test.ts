import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Producer } from '@bullpen/producer';
import { createLogger, RedisUnavailable } from '@bullpen/shared';
import type { Exporter, Redis } from '@bullpen/shared/internal';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { books } from '../test/some-batch.js';
import { type AppDeps, buildApp } from './app.js';

/**
 * Lists every route that Bull Board adds to a server, so that routes of later versions count too.
 */
function boardRoutes(): (readonly [method: string, url: string])[] {
  const adapter = new FastifyAdapter();
  const routes: [string, string][] = [];
  const note = ({ method, route }: { method: string | string[]; route: string | string[] }): void => {
    for (const url of [route].flat()) routes.push([String(method).toUpperCase(), url.replace(/:\w+/g, 'mail')]);
  };
  adapter.setEntryRoute = (route) => {
    note(route);
    return adapter;
  };
  adapter.setApiRoutes = (all) => {
    all.forEach(note);
    return adapter;
  };
  createBullBoard({ queues: [], serverAdapter: adapter });
  return routes;
}
const OURS = [
  ...['/batches', '/batches.json', '/batches/mail/november', '/batches/mail/november.json'],
  ...['/batches/mail/november/failed.csv', '/batches/mail/november/failed.ndjson'],
  ...['/logout', '/nowhere', '/static/js/main.js'],
];
const credentials = { user: 'bullpen', password: 'correct-horse-battery' };
const away = async (): Promise<never> => {
  throw new RedisUnavailable('Redis does not answer', { unanswered: false });
};
const own = { origin: 'http://localhost' };

const deps: AppDeps = {
  redis: { status: 'end', defineCommand: () => undefined } as unknown as Redis,
  prefix: 'p',
  producer: { batches: { list: away, show: away } } as unknown as Producer,
  exporter: { count: async () => [] } as unknown as Exporter,
  outage: { text: undefined },
  ...{ base: '/bullpen', credentials, sessionMs: 60_000, trustProxy: [], readOnly: false, redact: ['password'] },
  isClosing: () => false,
  log: createLogger({ level: 'silent' }),
};

const opened: FastifyInstance[] = [];
async function open(different: Partial<AppDeps> = {}): Promise<FastifyInstance> {
  const { app } = await buildApp({ ...deps, ...different });
  opened.push(app);
  return app;
}

async function logIn(app: FastifyInstance, base = '/bullpen'): Promise<{ bullpen_session: string }> {
  const { cookies } = await app.inject({
    ...{
      method: 'POST',
      url: `${base}/login`,
      headers: { ...own, 'content-type': 'application/x-www-form-urlencoded' },
    },
    payload: new URLSearchParams(credentials).toString(),
  });
  return { bullpen_session: cookies[0]?.value ?? '' };
}

const until = async (fact: () => Promise<boolean>): Promise<void> => {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 50));
};

let app: FastifyInstance;
beforeAll(async () => {
  app = await open();
});
afterAll(() => Promise.all(opened.map((one) => one.close())));

describe('without a session', () => {
  const routes = [...boardRoutes(), ...OURS.map((url) => ['GET', url] as const)];

  it.each(routes)('%s %s is refused', async (method, url) => {
    const asked = { method: method as 'GET', url: `/bullpen${url}`, headers: own };
    expect((await app.inject(asked)).statusCode).toBe(401);
    const byPerson = await app.inject({ ...asked, headers: { ...own, accept: 'text/html' } });
    if (method === 'GET') expect(byPerson.headers.location).toMatch(/^\/bullpen\/login\?to=%2Fbullpen%2F/);
  });

  it('the probes answer, and tell nothing more', async () => {
    expect((await app.inject('/livez')).json()).toEqual({ live: true });
    const ready = await app.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([503, { ready: false }]);
  });

  it('an invented session id is refused', async () => {
    const cookies = { bullpen_session: 'A'.repeat(43) };
    expect((await app.inject({ url: '/bullpen/api/queues', cookies })).statusCode).toBe(401);
  });
});

describe('with a session', () => {
  it('pages are shown, with headers that allow nothing from other hosts', async () => {
    const { statusCode, headers, body } = await app.inject({ url: '/bullpen/', cookies: await logIn(app) });
    expect(statusCode).toBe(200);
    expect(body).not.toContain('fonts.googleapis.com');
    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['cache-control']).toBe('no-store');
  });

  it('the cookies are for this dashboard only', async () => {
    const { headers } = await app.inject({
      ...{
        method: 'POST',
        url: '/bullpen/login',
        headers: { ...own, 'content-type': 'application/x-www-form-urlencoded' },
      },
      payload: new URLSearchParams({ ...credentials, to: '//evil.example' }).toString(),
    });
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^bullpen_session=.*; Path=\/bullpen\/; HttpOnly; SameSite=Strict$/),
      expect.stringMatching(/^bullpen_browser=.*; Path=\/bullpen\/login; HttpOnly; SameSite=Strict$/),
    ]);
    expect(headers.location).toBe('/bullpen/');
  });

  it('a change that another site requests is refused', async () => {
    const cookies = await logIn(app);
    const foreign = { method: 'PUT', url: '/bullpen/api/queues/pause', cookies } as const;
    for (const headers of [{}, { origin: 'http://evil.example' }, { ...own, 'sec-fetch-site': 'cross-site' }]) {
      expect((await app.inject({ ...foreign, headers })).statusCode).toBe(403);
    }
    const byPerson = { method: 'POST', url: '/bullpen/login', headers: { accept: 'text/html' } } as const;
    expect((await app.inject(byPerson)).body).toMatch(
      /^<!doctype html>[\s\S]*does not come from a page of this dashboard/,
    );
  });

  it('a session ends with a logout, and not with a link to it', async () => {
    const cookies = await logIn(app);
    await app.inject({ url: '/bullpen/logout', cookies });
    expect((await app.inject({ url: '/bullpen/api/queues', cookies })).statusCode).toBe(200);
    await app.inject({ method: 'POST', url: '/bullpen/logout', cookies, headers: own });
    expect((await app.inject({ url: '/bullpen/api/queues', cookies })).statusCode).toBe(401);
  });

  it.each([
    ['POST', '/api/queues/mail/add', 'enqueued by a producer'],
    ['PATCH', '/api/queues/mail/1/update-data', 'not edited here'],
    ['PATCH', '/api/queues/mail/1/priority', 'priority'],
    ['PUT', '/api/queues/mail/obliterate', 'not deleted here'],
    ['PUT', '/api/queues/mail/b-november-7/clean', 'batches cancel'],
  ])('%s %s is refused for everybody, with the reason', async (method, url, why) => {
    const cookies = await logIn(app);
    const answer = await app.inject({ method: method as 'PUT', url: `/bullpen${url}`, cookies, headers: own });
    expect([answer.statusCode, answer.json().message]).toEqual([403, expect.stringContaining(why)]);
  });

  it.each(['/bullpen/nowhere', '/bullpen/queue/a/b/c', '/nowhere', '/bullpen/%zz'])(
    'the address %s is a page for people, with a way home, and JSON for programs',
    async (url) => {
      const cookies = await logIn(app);
      const page = await app.inject({ url, cookies, headers: { accept: 'text/html,*/*' } });
      expect([page.statusCode, page.headers['content-type']]).toEqual([
        expect.toBeOneOf([400, 404]),
        'text/html; charset=utf-8',
      ]);
      expect(page.body).toContain('There is no page at this address.');
      expect(page.body).toContain('href="/bullpen/"');
      const json = await app.inject({ url, cookies });
      expect(json.json()).toEqual({ error: expect.toBeOneOf(['Not found', 'Bad Request']) });
    },
  );

  it('an absent Redis is reported in words, to people and to programs', async () => {
    const cookies = await logIn(app);
    const page = await app.inject({ url: '/bullpen/batches', cookies, headers: { accept: 'text/html' } });
    expect([page.statusCode, page.body]).toEqual([503, expect.stringContaining('Redis does not answer')]);
    expect(page.body).toContain('Redis did not answer in time.');
    const json = await app.inject({ url: '/bullpen/batches.json', cookies });
    expect([json.statusCode, json.json()]).toEqual([503, { error: expect.stringContaining('Redis') }]);
  });
});

describe('an outage', () => {
  const text = 'Redis at redis://host:6379 has been away for 3m.';

  it('is told to who is logged in: above every page, and to the script of the board', async () => {
    const inOutage = await open({ outage: { text } });
    expect((await inOutage.inject('/bullpen/outage.json')).statusCode).toBe(401);
    const login = await inOutage.inject({ url: '/bullpen/login', headers: { accept: 'text/html' } });
    expect(login.body).not.toContain('redis://');
    const cookies = await logIn(inOutage);
    expect((await inOutage.inject({ url: '/bullpen/outage.json', cookies })).json()).toEqual({ outage: text });
    for (const url of ['/bullpen/batches', '/bullpen/nowhere']) {
      const page = await inOutage.inject({ url, cookies, headers: { accept: 'text/html' } });
      expect(page.body).toContain(`role="alert">${text}</p></div>`);
    }
    expect((await app.inject({ url: '/bullpen/outage.json', cookies: await logIn(app) })).json()).toEqual({
      outage: null,
    });
  });

  it('shows the batches from before, with the status 503; programs get an error', async () => {
    let isAway = false;
    const list = async () => (isAway ? away() : [books({ name: 'march' })]);
    const flaky = await open({ outage: { text }, producer: { batches: { list } } as unknown as Producer });
    const cookies = await logIn(flaky);
    const headers = { accept: 'text/html' };
    expect((await flaky.inject({ url: '/bullpen/batches', cookies, headers })).statusCode).toBe(200);
    isAway = true;
    await until(async () => {
      const page = await flaky.inject({ url: '/bullpen/batches', cookies, headers });
      expect(page.body).toContain('march');
      return page.statusCode === 503;
    });
    expect((await flaky.inject({ url: '/bullpen/batches.json', cookies })).statusCode).toBe(503);
  });
});

describe('metrics', () => {
  const scrape = (of: FastifyInstance, password: string) =>
    of.inject({
      ...{ url: '/metrics', remoteAddress: '192.0.2.9' },
      headers: { authorization: `Basic ${Buffer.from(`bullpen:${password}`).toString('base64')}` },
    });

  it('are for everybody with the password, at any rate', async () => {
    const guarded = await open();
    expect((await guarded.inject('/metrics')).headers['www-authenticate']).toMatch(/^Basic /);
    for (let n = 0; n < 20; n += 1) expect((await scrape(guarded, credentials.password)).statusCode).toBe(200);
    const { body } = await scrape(guarded, credentials.password);
    expect(body).toContain('# TYPE bullpen_queue_jobs gauge');
    expect(body).not.toContain('nodejs_active_handles_total');
  });

  it('do not help to guess the password', async () => {
    const guarded = await open();
    // Any page can make a browser request this, so it must not lock people out.
    for (let n = 0; n < 12; n += 1) await guarded.inject({ url: '/metrics', remoteAddress: '192.0.2.9' });
    const codes: number[] = [];
    for (let n = 0; n < 12; n += 1) codes.push((await scrape(guarded, `wrong-${n}`)).statusCode);
    expect(codes).toEqual([...Array(10).fill(401), 429, 429]);
    expect((await scrape(guarded, credentials.password)).statusCode).toBe(429);
  });
});

describe('a dashboard that is read-only', () => {
  it('refuses every request that changes something, except logging out', async () => {
    const readOnly = await open({ readOnly: true });
    const cookies = await logIn(readOnly);
    const changes = boardRoutes().filter(([method]) => method !== 'GET');
    expect(changes.length).toBeGreaterThan(15);
    for (const [method, route] of changes) {
      const url = `/bullpen${route}`;
      const answer = await readOnly.inject({ method: method as 'PUT', url, cookies, headers: own });
      expect([url, answer.statusCode, answer.json().message]).toEqual([url, 403, expect.stringContaining('read-only')]);
    }
    const out = await readOnly.inject({ method: 'POST', url: '/bullpen/logout', cookies, headers: own });
    expect(out.statusCode).toBe(303);
  });
});

describe('guessing passwords', () => {
  const tryLogin = (of: FastifyInstance, password: string, remoteAddress: string, browser?: string) =>
    of.inject({
      ...(browser === undefined ? {} : { cookies: { bullpen_browser: browser } }),
      ...{ method: 'POST', url: '/bullpen/login', remoteAddress },
      headers: { ...own, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ user: 'bullpen', password }).toString(),
    });

  it('from one address is stopped after ten tries, also with the right password; other addresses go on', async () => {
    const guarded = await open();
    const codes: number[] = [];
    for (let n = 0; n < 12; n += 1) codes.push((await tryLogin(guarded, `wrong-${n}`, '192.0.2.1')).statusCode);
    expect(codes).toEqual([...Array(10).fill(401), 429, 429]);
    const right = await tryLogin(guarded, credentials.password, '192.0.2.1');
    expect([right.statusCode, Number(right.headers['retry-after'])]).toEqual([429, expect.toSatisfy((s) => s > 0)]);
    expect((await tryLogin(guarded, credentials.password, '192.0.2.2')).statusCode).toBe(303);
  });

  it('locks nobody out of a browser in which somebody has logged in before', async () => {
    const guarded = await open();
    const { cookies } = await tryLogin(guarded, credentials.password, '192.0.2.1');
    const known = cookies.find(({ name }) => name === 'bullpen_browser')?.value ?? '';
    for (let n = 0; n < 400; n += 1) await tryLogin(guarded, 'wrong', `10.0.${n >> 8}.${n & 255}`);
    for (let n = 0; n < 12; n += 1) await tryLogin(guarded, 'wrong', '192.0.2.1');
    expect((await tryLogin(guarded, credentials.password, '192.0.2.1')).statusCode).toBe(429);
    const codes: number[] = [];
    for (let n = 0; n < 9; n += 1) codes.push((await tryLogin(guarded, 'wrong', '192.0.2.1', known)).statusCode);
    expect(codes).toEqual(Array(9).fill(401));
    expect((await tryLogin(guarded, credentials.password, '192.0.2.1', known)).statusCode).toBe(303);
    // The login has given the browser another cookie, and the old one is not valid any more.
    expect((await tryLogin(guarded, credentials.password, '192.0.2.1', known)).statusCode).toBe(429);
  });

  it('in a browser in which somebody has logged in before is stopped after ten tries as well', async () => {
    const guarded = await open();
    const { cookies } = await tryLogin(guarded, credentials.password, '192.0.2.1');
    const known = cookies.find(({ name }) => name === 'bullpen_browser')?.value ?? '';
    const tried = Array.from({ length: 12 }, () => tryLogin(guarded, 'wrong', '192.0.2.1', known));
    const codes = (await Promise.all(tried)).map(({ statusCode }) => statusCode);
    expect(codes).toEqual([...Array(10).fill(401), 429, 429]);
  });

  it('from many addresses of one IPv6 network counts as from one', async () => {
    const guarded = await open();
    const tried = Array.from({ length: 12 }, (_, n) => tryLogin(guarded, 'wrong', `2001:db8::${n + 1}`));
    expect((await Promise.all(tried)).map(({ statusCode }) => statusCode)).toContain(429);
  });

  it('does not count the right password: a team may share one address', async () => {
    const guarded = await open();
    for (let n = 0; n < 15; n += 1) {
      expect((await tryLogin(guarded, credentials.password, '192.0.2.1')).statusCode).toBe(303);
    }
  });

  it('cannot use a header to claim another address', async () => {
    const guarded = await open();
    const codes = new Set<number>();
    for (let n = 0; n < 12; n += 1) {
      const answer = await guarded.inject({
        ...{ method: 'POST', url: '/bullpen/login', remoteAddress: '192.0.2.1' },
        headers: {
          ...{ ...own, 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': `198.51.100.${n}` },
        },
        payload: 'user=bullpen&password=wrong',
      });
      codes.add(answer.statusCode);
    }
    expect([...codes]).toEqual([401, 429]);
  });

  it('from many machines is stopped as well', async () => {
    const guarded = await open();
    let refused = 0;
    for (let n = 0; n < 320; n += 1) {
      const answer = await tryLogin(guarded, 'wrong', `10.0.${n >> 8}.${n & 255}`);
      if (answer.statusCode === 429) refused += 1;
    }
    expect(refused).toBe(20);
  });
});
