/** The defaults of the options. */
export const DEFAULTS = { port: 3000, user: 'bullpen', session: '12h', discoverEvery: '10s', basePath: '/' } as const;
