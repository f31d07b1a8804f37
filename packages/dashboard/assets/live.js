// Keeps a page as it is on the server: asks for it again and replaces the parts that changed. Without this script the page is complete, and still.
const EVERY_MS = 1_500;
/** A server that does not answer is asked less often, up to this. */
const SLOWEST_MS = 15_000;

const parts = () => new Map([...document.querySelectorAll('[data-live]')].map((part) => [part.dataset.live, part]));
let restMs = EVERY_MS;

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
  if (answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const old = parts();
  let isSame = true;
  for (const part of fresh.querySelectorAll('[data-live]')) {
    const there = old.get(part.dataset.live);
    if (there === undefined) isSame = false;
    else if (there.outerHTML !== part.outerHTML) there.replaceWith(part);
    old.delete(part.dataset.live);
  }
  // Another page stands here now: an error, or what it was before one.
  if (!isSame || old.size > 0) document.querySelector('main').replaceWith(fresh.querySelector('main'));
  return say(answer.ok || answer.status === 404 ? '' : 'Redis does not answer; what is shown is older.');
}

function say(text) {
  let note = document.querySelector('#silence');
  if (note === null) {
    note = document.createElement('p');
    note.id = 'silence';
    note.className = 'note bad';
    note.setAttribute('role', 'status');
    document.querySelector('main').before(note);
  }
  note.hidden = text === '';
  note.textContent = text;
}

async function turn() {
  // A tab that nobody sees asks for nothing.
  if (document.visibilityState === 'visible') {
    try {
      await refresh();
      restMs = EVERY_MS;
    } catch {
      say('The dashboard does not answer; what is shown is older.');
      restMs = Math.min(2 * restMs, SLOWEST_MS);
    }
  }
  setTimeout(turn, restMs);
}

setTimeout(turn, EVERY_MS);
