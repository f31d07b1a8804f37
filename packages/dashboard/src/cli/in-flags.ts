import { type Fault, OptionsInvalid } from '@bullpen/shared';

const FLAGS: Readonly<Record<string, string>> = {
  ...{ prefix: '--prefix', port: '--port', host: '--host', basePath: '--base-path', user: '--user' },
  ...{ password: 'BULLPEN_DASHBOARD_PASSWORD', session: '--session', redact: '--redact' },
  discoverEvery: '--discover-every',
  trustProxy: '--trust-proxy',
};

/** An error in the words of the command line: who typed flags is to read flags. */
export function inFlags(error: unknown): unknown {
  if (error instanceof OptionsInvalid) return new OptionsInvalid(error.subject, error.faults.map(byFlag));
  const { code, port, address } = (error ?? {}) as { code?: unknown; port?: number; address?: string };
  if (code === 'EADDRINUSE') return new Error(`port ${port} of ${address} is in use; choose another with --port`);
  return error;
}

const byFlag = ({ path, reason }: Fault): Fault => ({ path: FLAGS[path] ?? path, reason });
