import type { Payload } from '@bullpen/shared';
import type { deliverWebhook } from '../jobs.js';
import { type Random, seededRandom } from './random.js';
import { CURRENCIES, FAMILY_NAMES, GIVEN_NAMES, NOTES, OTHER_SCRIPTS, PRODUCTS, SHOPS } from './words.js';

/**
 * The endpoint of a shop that has closed, and the number of orders that still go to it. The
 * receiver answers them with 410 Gone.
 */
export const CLOSED_SHOP = { path: '/hooks/closed-corner-shop', rows: 5 } as const;

const ROWS = 5_000;
const SEED = 20260302;
const FIRST_AT = Date.UTC(2026, 2, 2, 6, 0, 0);
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

const COLUMNS = [
  'event_id',
  'event_type',
  'path',
  'order_id',
  'customer',
  'email',
  'product',
  'quantity',
  'amount',
  'currency',
  'created_at',
  'note',
] as const satisfies readonly (keyof Payload<typeof deliverWebhook>)[];

type Row = Record<(typeof COLUMNS)[number], string>;

/** The text of `data/orders.csv`: the same 5,000 orders every time. */
export function renderOrders(): string {
  const random = seededRandom(SEED);
  const lines = [COLUMNS.join(',')];
  let at = FIRST_AT;
  for (let index = 0; index < ROWS; index += 1) {
    at += 1_000 * (1 + random.whole(45));
    const row = makeRow(random, index, at);
    lines.push(COLUMNS.map((column) => renderCell(row[column])).join(','));
  }
  return `${lines.join('\n')}\n`;
}

function makeRow(random: Random, index: number, at: number): Row {
  const [customer, mailbox] = makeCustomer(random);
  const [product, price] = random.pick(PRODUCTS);
  const quantity = 1 + (random.whole(4) === 0 ? random.whole(5) : 0);
  // Spread evenly, so that every part of a run has orders for the closed shop.
  const closed = index % (ROWS / CLOSED_SHOP.rows) === 400;
  return {
    event_id: `evt_${Array.from({ length: 16 }, () => LETTERS[random.whole(LETTERS.length)]).join('')}`,
    event_type: random.pick(['order.created', 'order.paid', 'order.paid', 'order.shipped', 'order.refunded']),
    path: closed ? CLOSED_SHOP.path : `/hooks/${random.pick(SHOPS)}`,
    order_id: `2026-${String(104_200 + index)}`,
    customer,
    email: `${mailbox}@${random.pick(['example.com', 'example.net', 'example.org'])}`,
    product,
    quantity: String(quantity),
    amount: renderAmount(price * quantity),
    currency: random.pick(CURRENCIES),
    created_at: new Date(at).toISOString().replace('.000Z', 'Z'),
    note: random.whole(12) === 0 ? random.pick(NOTES) : '',
  };
}

function makeCustomer(random: Random): readonly [name: string, mailbox: string] {
  if (random.whole(25) === 0) return random.pick(OTHER_SCRIPTS);
  const [given, givenPart] = random.pick(GIVEN_NAMES);
  const [family, familyPart] = random.pick(FAMILY_NAMES);
  const mailbox = `${givenPart}.${familyPart}`;
  return [random.whole(10) === 0 ? `${family}, ${given}` : `${given} ${family}`, mailbox];
}

const renderAmount = (hundredths: number): string =>
  `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;

/** Writes a cell as RFC 4180 says: in quotes where necessary, and quotes inside doubled. */
const renderCell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
