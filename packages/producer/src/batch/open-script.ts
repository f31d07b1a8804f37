import { BOOKS_SCRIPT } from '@bullpen/shared';

/**
 * Opens a batch's books, or finds them open, and answers with what stands in them.
 * KEYS: the five books, the index of batches. ARGV: the batch's name, then name and value of each field of new books.
 */
export const OPEN_SCRIPT = `
${BOOKS_SCRIPT}
local books = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] }
if not hasBooks(books) then
  for at = 2, 5 do call('DEL', books[at]) end
  call('HSET', books[1], 'read', 0, 'added', 0, 'duplicate', 0, 'rejected', 0, 'completed', 0, 'failed', 0, 'cancelled', 0, 'checksum', '0')
  -- There from the beginning, so that it expires with the rest.
  call('SETBIT', books[2], 0, 0)
  for at = 2, #ARGV, 2 do call('HSET', books[1], ARGV[at], ARGV[at + 1]) end
end
keepBooks(books, KEYS[6], ARGV[1])
return call('HGETALL', books[1])
`;
