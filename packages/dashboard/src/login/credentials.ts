import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The shortest password. A shorter one could be found by trying. */
export const MIN_PASSWORD = 12;
/** The longest password that the login form accepts. */
export const MAX_PASSWORD = 1_024;

/** The user who may log in. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Checks a user and a password. The time it takes does not depend on which of them is wrong, nor
 * how wrong.
 */
export type CheckCredentials = (user: string, password: string) => boolean;

/**
 * Makes the check. It compares digests under a secret key, not the texts: digests all have the same
 * length.
 */
export function checkAgainst({ user, password }: Credentials): CheckCredentials {
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const [rightUser, rightPassword] = [digest(user), digest(password)];
  return (givenUser, givenPassword) => {
    const isUser = timingSafeEqual(digest(givenUser), rightUser);
    const isPassword = timingSafeEqual(digest(givenPassword), rightPassword);
    return isUser && isPassword;
  };
}
