// Says above Bull Board's page that Redis is away. In an outage the server answers Bull Board with
// what it last knew, so this is the only place where people see it.
const EVERY_MS = 2_000;

const banner = document.createElement('p');
banner.id = 'bullpen-outage';
banner.setAttribute('role', 'alert');
banner.hidden = true;
document.body.prepend(banner);

async function look() {
  const answer = await fetch(new URL('outage.json', document.baseURI), { cache: 'no-store' });
  // Without a session, or behind a proxy that answers for us, nothing is known.
  if (!answer.ok) return;
  const { outage } = await answer.json();
  if (banner.textContent !== (outage ?? '')) banner.textContent = outage ?? '';
  banner.hidden = outage === null;
  document.documentElement.toggleAttribute('data-bullpen-outage', outage !== null);
}

async function turn() {
  // Bull Board itself says when the dashboard does not answer.
  if (document.visibilityState === 'visible') await look().catch(() => undefined);
  setTimeout(turn, EVERY_MS);
}

turn();
