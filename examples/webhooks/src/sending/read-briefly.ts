const MAX_BYTES = 64 * 1_024;
const SHOWN_CHARACTERS = 200;

/**
 * Reads the body of a response to its end, so that its socket goes back into the pool. Returns the
 * beginning of the body, for an error message. A body of more than 64 KiB is cancelled, which
 * closes the socket.
 */
export async function readBriefly(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (text.length < SHOWN_CHARACTERS) text += decoder.decode(part, { stream: true });
    // Leaving the loop cancels the body.
    if (bytes > MAX_BYTES) break;
  }
  return text.slice(0, SHOWN_CHARACTERS).replace(/\s+/g, ' ').trim();
}
