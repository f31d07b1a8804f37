import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPOSE_FILE, SECRETS } from './support/compose.js';

interface Service {
  readonly ports?: readonly { readonly host_ip: string; readonly published: string; readonly target: number }[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly command: readonly string[] | null;
}

interface Config {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

const root = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** `docker compose config`, with these variables and no .env. */
function compose(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const profiles = ['--profile', 'demo'];
  const all = ['compose', '--file', COMPOSE_FILE, '--env-file', '/dev/null', ...profiles, 'config', ...args];
  const { PATH = '', HOME = '' } = process.env;
  return execa('docker', all, { env: { PATH, HOME, ...env }, extendEnv: false, reject: false });
}

async function readConfig(): Promise<Config> {
  const { stdout, exitCode, stderr } = await compose(SECRETS, '--format', 'json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as Config;
}

describe('docker-compose.yml', () => {
  it('opens one port, the dashboard’s, on the loopback', async () => {
    const { services } = await readConfig();
    const open = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => ({ name, ...port })));
    expect(open).toMatchObject([{ name: 'dashboard', host_ip: '127.0.0.1', published: '3000', target: 3000 }]);
  });

  it('has Redis on a network without a way out', async () => {
    const { services, networks } = await readConfig();
    expect(Object.keys(services['redis']?.networks ?? {})).toEqual(['back']);
    expect(networks['back']?.internal).toBe(true);
  });

  it('builds the producer with the others, and starts none: `up` has no file to enqueue', async () => {
    const { producer } = (await readConfig()).services;
    expect(producer).toMatchObject({ scale: 0, build: { target: 'example-producer' } });
  });

  it('seals every service', async () => {
    for (const [name, service] of Object.entries((await readConfig()).services)) {
      const { read_only, cap_drop, security_opt } = service;
      expect({ name, read_only, cap_drop, security_opt }).toEqual({
        ...{ name, read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      });
    }
  });

  it('gives a worker longer than its longest drain: 25 s, 3 s, and the watchdog’s second', async () => {
    expect((await readConfig()).services['worker']?.stop_grace_period).toBe('35s');
  });

  it('shows no password on a command line', async () => {
    for (const { command } of Object.values((await readConfig()).services)) {
      for (const secret of Object.values(SECRETS)) expect(JSON.stringify(command)).not.toContain(secret);
    }
  });

  it('without a .env, says what to do', async () => {
    const { exitCode, stderr } = await compose({});
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/BULLPEN_\w+_PASSWORD.*sh scripts\/containers\/write-env\.sh does it/);
  });

  it('and .env.example name the same variables, with the same defaults', async () => {
    const file = await readFile(COMPOSE_FILE, 'utf8');
    const example = await readFile(root('.env.example'), 'utf8');
    const used = new Map([...file.matchAll(/\$\{(\w+)(?::-([^}]*))?/g)].map(([, name, value = '']) => [name, value]));
    const named = new Map([...example.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
    expect([...named].sort()).toEqual([...used].sort());
  });

  it('is YAML that a reader without interpolation reads as well', async () => {
    expect(Object.keys((parse(await readFile(COMPOSE_FILE, 'utf8'), { merge: true }) as Config).services)).toEqual([
      ...['redis', 'worker', 'dashboard', 'producer', 'receiver'],
    ]);
  });
});
