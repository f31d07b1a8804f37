/** What a queue needs of its Redis: jobs outlive a crash and are never evicted. */
export const durable = {
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  'maxmemory-policy': 'noeviction',
} as const;

/** Settings as arguments of redis-server, which reads no file then. */
export function settingsAsArgs(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
