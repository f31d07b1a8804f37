// Up to the last '@' before the path, as a URL parser reads it: a password may contain '@' and '.
// A double quote ends it, so that JSON stays JSON.
const CREDENTIALS = /:\/\/[^\s/"]*@/g;

// The address of a Redis has no '@' behind its hosts. So one there means that a password holds a
// '/', '?' or '#' that was not written as an escape.
const REDIS_CREDENTIALS = /(rediss?(?:\+[a-z]+)?:\/\/)(?:(?!:\/\/)[^\s"\\])*@/gi;

// Only valid characters: a double quote and a backslash end it, so that JSON stays JSON.
const SENTINEL_CREDENTIALS = /([?&]sentinel(?:Username|Password)=)[^\s"&\\]*/g;

/** Replaces users and passwords in every URL of a text by `***`. */
export function redactUrls(text: string): string {
  return text
    .replace(REDIS_CREDENTIALS, '$1***@')
    .replace(CREDENTIALS, '://***@')
    .replace(SENTINEL_CREDENTIALS, '$1***');
}

// An address of a Redis to the last '@' that stands before a host. Our advice has `<password>@ before`
// and `+@all -@dangerous`. One slash: a path was made of it.
const REDIS_ADDRESS = /(rediss?(?:\+[a-z]+)?:\/{1,2}).*(?<![-+\s(])@(?=[\w[])/gis;

// `user:password@host`: somebody forgot the scheme. Words that a message has before an '@' end at
// white space, and names of packages stand behind a '/'.
const BARE_LOGIN = /[^\s'"=/]*:[^\s/]*@(?=[\w[])/g;

/** Hides a password of sentinels, to the end of a text that somebody may have typed. */
export const hideSentinelPassword = (text: string): string => text.replace(/(sentinelPassword=).*/is, '$1***');

/**
 * Replaces users and passwords in the message of a command. It quotes what somebody typed, perhaps
 * an address in the wrong place or without its scheme. So more is taken for a password than in a
 * log line, which must stay what it is.
 */
export function redactMessage(message: string): string {
  return hideSentinelPassword(redactUrls(message)).replace(REDIS_ADDRESS, '$1***@').replace(BARE_LOGIN, '***@');
}
