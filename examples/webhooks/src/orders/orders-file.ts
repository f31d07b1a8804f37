import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The path of the orders: `examples/webhooks/data/orders.csv`. */
export const ORDERS_FILE = fileURLToPath(new URL('../../data/orders.csv', import.meta.url));

/**
 * Reads the event ids of the file's rows: the first cell of each line. A test makes sure that no
 * cell spans lines.
 */
export async function readEventIds(): Promise<string[]> {
  const [, ...rows] = (await readFile(ORDERS_FILE, 'utf8')).trimEnd().split('\n');
  return rows.map((row) => row.slice(0, row.indexOf(',')));
}
