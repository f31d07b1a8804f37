import { idForRow } from '@bullpen/shared/internal';

/** The name of the demo's batch. */
export const BATCH = 'orders';

/** Finds the job of an event: its row in the file says which. */
export function jobOf(eventIds: readonly string[]): (eventId: string) => string {
  const rows = new Map(eventIds.map((id, at) => [id, at + 1]));
  return (eventId) => idForRow(BATCH, rows.get(eventId) ?? 0);
}
