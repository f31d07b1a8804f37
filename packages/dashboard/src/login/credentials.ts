import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who may log in. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Whether a user and a password are the right ones; takes as long whichever is wrong, and by how
 * much.
 */
export type CheckCredentials = (user: string, password: string) => boolean;

/**
 * Makes the check. What is compared are digests under a key that nobody knows: of one length, and
 * never the texts themselves.
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
