/**
 * Hides what may be a password in a message that quotes what somebody typed: the value of an
 * unknown option, and a text with an `@`.
 */
export const hideTyped = (message: string): string =>
  message.replace(/('-{1,2}[\w-]+=).*'/s, "$1***'").replace(/'.*@.*'/s, "'***'");
