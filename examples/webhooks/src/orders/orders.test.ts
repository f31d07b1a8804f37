import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { orderEvent } from '../jobs.js';
import { CLOSED_SHOP, renderOrders } from './orders.js';
import { ORDERS_FILE, readEventIds } from './orders-file.js';

const file = await readFile(ORDERS_FILE, 'utf8');

describe('orders.csv', () => {
  it('is exactly what the generator makes', () => {
    // Not with toBe: it would print all 5,000 lines when they differ.
    expect(file === renderOrders()).toBe(true);
  });

  it('has 5,000 rows, none of which spans lines', () => {
    const lines = file.trimEnd().split('\n');
    expect(lines).toHaveLength(5_001);
    expect(lines.filter((line) => (line.match(/"/g)?.length ?? 0) % 2 !== 0)).toEqual([]);
  });

  it('has an event id of its own in each row', async () => {
    const ids = await readEventIds();
    expect(new Set(ids).size).toBe(5_000);
    expect(ids.filter((id) => !orderEvent.shape.event_id.safeParse(id).success)).toEqual([]);
  });

  it('has a fixed number of rows for the shop that has closed', () => {
    expect(file.split(CLOSED_SHOP.path).length - 1).toBe(CLOSED_SHOP.rows);
  });

  it('looks like real orders: quoted cells, other scripts, amounts with two decimals', () => {
    expect(file).toMatch(/,"Espresso cups, set of 6",/);
    expect(file).toMatch(/,"""Kind of Blue"", LP",/);
    expect(file).toMatch(/,佐藤 花子,/);
    expect(file).toMatch(/,155?\d\.\d\d,SEK,/);
  });
});
