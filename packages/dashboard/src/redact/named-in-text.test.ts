import { describe, expect, it } from 'vitest';
import { namedInText } from './named-in-text.js';

const hide = namedInText(['secret', 'password', 'secretKey', 'passwords', 'apiKey', 'authorization', 'cookie'], '[-]');

describe('secrets with a name in text', () => {
  it.each([
    ['password=hunter22 and more', 'password=[-] and more'],
    ['{"password":"hunter22","n":1}', '{"password":[-],"n":1}'],
    ["{ password: 'hunter22' }", '{ password: [-] }'],
    ['db_password=hunter22&stripeApiKey=hunter23', 'db_password=[-]&stripeApiKey=[-]'],
    ['X-Api-Key: hunter22, API key: hunter23', 'X-Api-Key: [-], API key: [-]'],
    ['secret_key=hunter22 secretKey: hunter23', 'secret_key=[-] secretKey: [-]'],
    ['passwords: hunter22 secretPassword=hunter23', 'passwords: [-] secretPassword=[-]'],
    // JSON in a text of JSON, once and twice.
    [String.raw`body {\"password\":\"hunter22\",\"n\":1}`, String.raw`body {\"password\":[-],\"n\":1}`],
    [String.raw`{\\\"password\\\":\\\"hunter22\\\",\\\"n\\\"`, String.raw`{\\\"password\\\":[-],\\\"n\\\"`],
    // Cut before the closing quote.
    ['{"password":"hunter22', '{"password":[-]'],
    ['{"password":"hunter22\\', '{"password":[-]'],
    ['{"password":"hunt\\\ner22"}', '{"password":[-]}'],
    ['"password"=>"hunter22"', '"password"=>[-]'],
    ['Cookie: a=hunter22; b=hunter23\nHost: x', 'Cookie: [-]\nHost: x'],
    ['authorization: Digest username="hunter22", response="x"', 'authorization: [-]'],
    ['sent Bearer abcdefghijklmnopqrstuvwxyz to', 'sent Bearer [-] to'],
    ['mypassword=password=hunter22', 'mypassword=password=[-]'],
    ['redis://user:hunter22@host', 'redis://***@host'],
  ])('%s', (text, left) => {
    expect(hide(text)).toBe(left);
  });

  it.each(['compassword=x', 'the password is wrong', 'passwordless: yes'])('keeps: %s', (text) => {
    expect(hide(text)).toBe(text);
  });
});
