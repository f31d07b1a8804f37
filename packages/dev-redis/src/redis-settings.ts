/** The settings that a queue needs: jobs survive a crash, and Redis never evicts them. */
export const durable = {
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  'maxmemory-policy': 'noeviction',
} as const;

/** Writes settings as arguments of redis-server, so that it needs no configuration file. */
export function settingsAsArgs(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
