// Keeps a page up to date: loads it again and again, and changes what is different. Without this
// script the page is complete, but does not change.
const EVERY_MS = 1_500;
/** When the server does not answer, the page is loaded less often, at most this rarely. */
const MAX_REST_MS = 15_000;
/** A server that takes longer counts as one that does not answer. */
const ANSWER_MS = 10_000;
/** The statuses of our own error pages: no such batch, no Redis. */
const PAGE_STATUSES = [404, 503];

let restMs = EVERY_MS;

async function refresh() {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store', signal });
  // The session has ended: the reload leads to the login.
  if (answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [old, now] = [document, fresh].map((page) => page.querySelector('main'));
  const [banner, itsBanner] = [document, fresh].map((page) => page.querySelector('#outage'));
  // Not a page of this dashboard: a reverse proxy answered.
  if (now === null || !(answer.ok || PAGE_STATUSES.includes(answer.status)))
    throw new Error(`answered ${answer.status}`);
  change(banner, itsBanner);
  // In an outage the page keeps what it shows, if the server has nothing from before.
  const isFault = (main) => main.querySelector('[role=alert]') !== null;
  if (!(answer.status === 503 && isFault(now) && !isFault(old))) change(old, now);
  return say('');
}

/** Changes one node to be like another, and keeps equal parts, so that focus and selection stay. */
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
  // A tab that nobody sees loads nothing.
  if (document.visibilityState === 'visible') {
    try {
      await refresh();
      restMs = EVERY_MS;
    } catch {
      say('The dashboard does not answer; what is shown is older.');
      restMs = Math.min(2 * restMs, MAX_REST_MS);
    }
  }
  setTimeout(turn, restMs);
}

setTimeout(turn, EVERY_MS);
