import type { z } from 'zod';

/**
 * Reads environment variables with a schema that has their names.
 * @throws Error that lists every fault, and never the value of a variable
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<S> {
  // An empty variable counts as absent: a compose file or a shell sets it when there is no value.
  const variables = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { data, error } = schema.safeParse(variables);
  if (error === undefined) return data;
  const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`invalid configuration: ${faults.join('; ')}`);
}
