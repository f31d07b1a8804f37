type Env = Readonly<Record<string, string>>;

/** Two environments in one: each may have modules that Node loads first. */
export function joinEnv(one: Env, other: Env = {}): Record<string, string> {
  const options = [one['NODE_OPTIONS'], other['NODE_OPTIONS']].filter((text) => text !== undefined);
  return { ...one, ...other, ...(options.length > 0 && { NODE_OPTIONS: options.join(' ') }) };
}
