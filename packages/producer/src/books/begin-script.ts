import { BOOKS_SCRIPT } from '@bullpen/shared/internal';

/**
 * Opens a batch's books, unless they are open, and answers with what stands in them.
 *
 * KEYS: the five books, the index of batches, the cancelled batches. ARGV: the batch's name; then
 * name and value of each field of new books.
 */
export const OPEN_SCRIPT = `
${BOOKS_SCRIPT}
local books = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] }
if not hasBooks(books) then
  for at = 2, 5 do call('DEL', books[at]) end
  call('DEL', examplesOf(books))
  -- An earlier batch of this name may have been cancelled. That is not meant for the new batch.
  call('ZREM', KEYS[7], ARGV[1])
  call('HSET', books[1], 'read', 0, 'added', 0, 'duplicate', 0, 'rejected', 0, 'completed', 0, 'failed', 0, 'cancelled', 0, 'checksum', '0')
  -- Made at the beginning, so that it expires with the other books.
  call('SETBIT', books[2], 0, 0)
  for at = 2, #ARGV, 2 do call('HSET', books[1], ARGV[at], ARGV[at + 1]) end
end
keepBooks(books, KEYS[6], ARGV[1])
return call('HGETALL', books[1])
`;

/**
 * Notes the columns of a batch's source. A mere HSET would make books that have expired anew, with
 * nothing else in them, and for ever.
 *
 * KEYS: the books. ARGV: the columns as JSON.
 */
export const NOTE_COLUMNS_SCRIPT = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'columns', ARGV[1]) end
`;

/**
 * Forgets a batch, if no row of it was read and it was not cancelled.
 *
 * KEYS: the five books, the index of batches. ARGV: the batch's name.
 */
export const FORGET_SCRIPT = `
if redis.call('HGET', KEYS[1], 'read') ~= '0' or redis.call('HEXISTS', KEYS[1], 'cancelledAt') == 1 then return end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[6], ARGV[1])
`;
