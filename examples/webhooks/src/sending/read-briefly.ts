const MAX_BYTES = 64 * 1_024;
const SHOWN_CHARACTERS = 200;

/**
 * Reads a response's body to its end, so that its socket goes back into the pool, and returns the
 * start of it for an error message. Nobody needs a long body of an endpoint that was told
 * something: past 64 KiB it is cancelled, which costs the socket.
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
