/**
 * The names of values that are redacted by default, wherever they stand. `token` also matches
 * `accessToken` and `csrf_token`.
 * @example
 * const options = { redis, redact: [...SECRET_NAMES, 'email', 'card.number'] };
 */
export const SECRET_NAMES = [
  ...['password', 'passwords', 'passwd', 'pwd', 'passphrase', 'secret', 'secrets', 'token', 'authorization'],
  ...['apiKey', 'accessKey', 'secretKey', 'privateKey', 'signingKey', 'encryptionKey', 'credentials'],
  ...['cookie', 'cookies', 'passwordConfirmation', 'cardNumber', 'cvc', 'cvv', 'iban', 'ssn'],
] as const;
