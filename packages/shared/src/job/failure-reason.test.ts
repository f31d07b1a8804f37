import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reasonOfFailure } from './failure-reason.js';

const reason = (message: string, name = 'Error'): string => reasonOfFailure({ name, message });

describe('reasonOfFailure', () => {
  it.each([
    // SMTP
    ['550 5.1.1 <ada@example.com>: Recipient address rejected', '550 5.1.1 …: Recipient address rejected'],
    ['550 5.1.1 mailbox unavailable', '550 5.1.1 mailbox unavailable'],
    [
      '450-4.2.1 The user you are trying to contact is receiving mail too quickly',
      '450-4.2.1 The user you are trying to contact is receiving mail too quickly',
    ],
    ['554 Transaction failed, id 4Zx8kQ1wLz9', '554 Transaction failed, id …'],
    [
      'Message failed: 421 Try again later, closing connection. (EHLO)',
      'Message failed: 421 Try again later, closing connection. (EHLO)',
    ],
    ['535-5.7.8 Username and Password not accepted', '535-5.7.8 Username and Password not accepted'],
    // HTTP clients
    ['Request failed with status code 404', 'Request failed with status code 404'],
    ['Request failed with status code 500', 'Request failed with status code 500'],
    [
      'POST https://api.example.com/v1/orders/123/items/45: 503',
      'POST https://api.example.com/v…/orders/…/items/…: 503',
    ],
    [
      'POST https://api.example.com/orders/8421 returned 429 Too Many Requests',
      'POST https://api.example.com/orders/… returned 429 Too Many Requests',
    ],
    ['Response code 502 (Bad Gateway)', 'Response code 502 (Bad Gateway)'],
    ['HTTP 401', 'HTTP 401'],
    ['HTTP/1.1 503 Service Unavailable', 'HTTP/1.1 503 Service Unavailable'],
    ['unexpected answer: 404', 'unexpected answer: 404'],
    ['request failed, statusCode=503; retry=7', 'request failed, statusCode=503; retry=…'],
    ['httpStatusCode: 404, requestId: 8421', 'httpStatusCode: 404, requestId: …'],
    ['error_code: 1205 for zipCode: 12345', 'error_code: 1205 for zipCode: …'],
    [
      'answered {"code":404, "statusCode": 500,"user":"ada","id":8421,"name":"x"}',
      'answered {"code":404, "statusCode": 500,"user":…,"id":…,"name":…}',
    ],
    ['webhook answered 410 Gone after 312 ms', 'webhook answered 410 Gone after … ms'],
    ['timeout of 30000ms exceeded', 'timeout of …ms exceeded'],
    ['fetch failed (got 500, 300 ms)', 'fetch failed (got 500, … ms)'],
    // Node.js
    ['connect ECONNREFUSED 10.0.12.7:5432', 'connect ECONNREFUSED …'],
    ['connect ECONNREFUSED ::1:6379', 'connect ECONNREFUSED …'],
    ['getaddrinfo ENOTFOUND db.internal', 'getaddrinfo ENOTFOUND db.internal'],
    ["ENOENT: no such file or directory, open '/tmp/upload-77/a.csv'", 'ENOENT: no such file or directory, open …'],
    ['spawn failed, errno: -110', 'spawn failed, errno: -110'],
    ['Command failed with exit code 137', 'Command failed with exit code 137'],
    ['Unexpected token } in JSON at position 4711', 'Unexpected token } in JSON at position …'],
    // PostgreSQL, MySQL, MongoDB, Prisma, Oracle
    [
      'duplicate key value violates unique constraint "users_email_key"',
      'duplicate key value violates unique constraint "users_email_key"',
    ],
    [
      'value of "user_mail" in relation "shop_users" is "ada": wrong, says "lint_rule_a"',
      'value of "user_mail" in relation "shop_users" is …: wrong, says "lint_rule_a"',
    ],
    ['Key (email)=(ada@example.com) already exists.', 'Key (email)=… already exists.'],
    [
      'deadlock detected: Process 4242 waits for ShareLock on transaction 77771; blocked by process 99',
      'deadlock detected: Process … waits for ShareLock on transaction …; blocked by process …',
    ],
    [
      'invalid input syntax for type uuid: "abc" (SQLSTATE 22P02)',
      'invalid input syntax for type uuid: … (SQLSTATE 22P02)',
    ],
    [
      'canceling statement due to statement timeout, code: 57014',
      'canceling statement due to statement timeout, code: 57014',
    ],
    [
      'E11000 duplicate key error collection: shop.orders index: email_1',
      'E11000 duplicate key error collection: shop.orders index: email_…',
    ],
    ['ORA-00001: unique constraint violated', 'ORA-00001: unique constraint violated'],
    // S3
    [
      'Access Denied (Request ID: 4442587FB7D0A2F9; S3 Extended Request ID: Kjh3+Zz8Q2lsa9aj2kd/Q1zNw8c4Tt5Gb7==)',
      'Access Denied (Request ID: …; S3 Extended Request ID: …)',
    ],
    [
      'SlowDown: Please reduce your request rate., status code: 503',
      'SlowDown: Please reduce your request rate., status code: 503',
    ],
    // Stripe
    ["No such customer: 'cus_9s6XKzkNRiZ8i3'", 'No such customer: …'],
    ['Rate limit exceeded, request req_A1b2C3d4E5f6', 'Rate limit exceeded, request …'],
    ['Amount must be at least $0.50 usd', 'Amount must be at least $… usd'],
    // Ours
    ['the attempt did not finish within 30000 ms', 'the attempt did not finish within … ms'],
    [
      'the job expired at 2026-11-28T22:57:01.123Z, before its handler started',
      'the job expired at …, before its handler started',
    ],
    [
      '3 worker processes died or stood still while attempting the job',
      '… worker processes died or stood still while attempting the job',
    ],
    ['payload of mail.send: items.3.price: expected number', 'payload of mail.send: items.….price: expected number'],
    // Others
    ['order 517 is gone', 'order … is gone'],
    ['customerId: 404', 'customerId: …'],
    ["can't read row 3, won't retry", "can't read row …, won't retry"],
    ['order 0f8fad5b-d9cb-469f-a165-70867728950e is gone', 'order … is gone'],
    ['segfault at 0xdeadbeef', 'segfault at …'],
    ['at 9fceb02d0ae598e95dc970b74767f19372d61af8', 'at …'],
    ['took 1.5 s of 10,000.50', 'took … s of …'],
    ['one\n\ttwo', 'one two'],
  ])('of %j is %j', (message, expected) => {
    expect(reason(message)).toBe(`Error: ${expected}`);
  });

  it('differs for different statuses and for errors of different names', () => {
    const all = [500, 502, 404, 401, 429].map((status) => reason(`Request failed with status code ${status}`));
    expect(new Set(all).size).toBe(5);
    expect(reason('boom', 'TypeError')).not.toBe(reason('boom', 'RangeError'));
  });

  it('keeps words, also words of the letters a to f', () => {
    expect(reason('the facade decade is bad')).toBe('Error: the facade decade is bad');
  });

  it.each<[string, (at: number) => string]>([
    ['numbers and ids', (at) => `POST /orders/${at}: 503, id "x${at}"`],
    ['names of rows', (at) => `row ${at} of customer ${at * 7}: not found`],
    [
      'sizes and times',
      (at) => `got ${at} bytes after ${at} ms (${at}%), at 10:${String(at % 60).padStart(2, '0')}:00`,
    ],
    ['mail addresses', (at) => `550 5.1.1 <user${at}@example${at}.com>... User unknown`],
    ['ports and hosts', (at) => `connect ECONNRESET 10.${at % 256}.0.${at % 250}:${30_000 + at}`],
  ])('is the same for rows that differ only in %s', (_, message) => {
    const reasons = Array.from({ length: 1_000 }, (_, at) => reason(message(at)));
    expect([...new Set(reasons)]).toHaveLength(1);
  });

  it('is one line of at most 200 characters, for any error', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), (name, message) => {
        const said = reason(message, name);
        expect(said.length).toBeLessThanOrEqual(200);
        expect(said).not.toMatch(/[\n\r\t]/);
      }),
      { examples: [['Error', 'x'.repeat(1_000_000)]] },
    );
  });

  it('takes little time, for texts that hold many beginnings of what is replaced', () => {
    for (const part of ['"', "'", 'a1', '1.', 'a:', '(', '=(', 'A1/', '<a@', '2026-11-28T', '5.1.', 'code ', '_']) {
      const startedAt = performance.now();
      reason(part.repeat(400));
      expect(performance.now() - startedAt, part).toBeLessThan(100);
    }
  });
});
