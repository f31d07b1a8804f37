import { writeFileSync } from 'node:fs';
import { renderOrders } from './orders/orders.js';
import { ORDERS_FILE } from './orders/orders-file.js';

/** Writes `data/orders.csv` again: `pnpm --filter @bullpen/example-webhooks make-orders`. */
writeFileSync(ORDERS_FILE, renderOrders());
