// Keeps a page as it is on the server: asks for it again and changes what changed. Without this
// script the page is complete, and still.
const EVERY_MS = 1_500;
/** A server that does not answer is asked less often, up to this. */
const SLOWEST_MS = 15_000;
/** A server that takes longer does not answer. */
const ANSWER_MS = 10_000;
/** What our own pages say when something is not there: a batch, Redis. */
const ANSWERS = [404, 503];

let restMs = EVERY_MS;

async function refresh() {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store', signal });
  // The session has ended.
  if (answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [old, now] = [document, fresh].map((page) => page.querySelector('main'));
  // Not a page of ours: a reverse proxy answers for us.
  if (now === null || !(answer.ok || ANSWERS.includes(answer.status))) throw new Error(`answered ${answer.status}`);
  // An outage takes nothing away that is shown already.
  if (answer.status === 503 && old.querySelector('[role=alert]') === null) {
    return say('Redis does not answer; what is shown is older.');
  }
  change(old, now);
  return say('');
}

/**
 * Makes one node like another, and leaves in place what is alike: focus and what is selected stay.
 */
function change(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
  } else {
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const [was, is] = [[...old.childNodes], [...fresh.childNodes]];
    for (const [at, node] of was.entries()) {
      if (at < is.length) change(node, is[at]);
      else node.remove();
    }
    old.append(...is.slice(was.length));
  }
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
  if (note.textContent !== text) note.textContent = text;
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
