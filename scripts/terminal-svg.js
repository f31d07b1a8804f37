/**
 * Draws the captured contents of a terminal as an SVG picture for the docs:
 *
 *   tmux capture-pane -p -e | node scripts/terminal-svg.js 'what it shows' > docs/picture.svg
 *
 * It keeps text, bold and dim. It draws a line that begins with `$ ` as a command that somebody
 * typed.
 */
const ESCAPE = '\u001B';
const CELL = 8.43;
const LINE = 19;
const LEFT = 18;
const TOP = 54;
const INK = '#d4d7dd';
const PROMPT = '#98c379';

const text = await new Response(process.stdin).text();
const lines = text.replace(/\n+$/, '').split('\n');
process.stdout.write(draw(lines, process.argv[2] ?? 'A terminal'));

function draw(shown, label) {
  const parts = partsOf(shown);
  const longest = Math.max(...parts.map((line) => line.reduce((sum, { text }) => sum + text.length, 0)));
  const width = Math.ceil(Math.max(40, longest) * CELL + 2 * LEFT);
  const height = TOP + shown.length * LINE;
  const font = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${quote(label)}">
<rect width="${width}" height="${height}" rx="8" fill="#1e2127"/>
<circle cx="20" cy="20" r="6" fill="#e06c75"/><circle cx="40" cy="20" r="6" fill="#e5c07b"/><circle cx="60" cy="20" r="6" fill="#98c379"/>
<g font-family="${font}" font-size="14" xml:space="preserve">
${parts.flatMap((line, at) => drawLine(line, TOP + at * LINE)).join('\n')}
</g></svg>
`;
}

/**
 * Splits each line into parts with one look: `{ text, bold, dim }`. A look lasts until the next
 * escape sequence, also on the lines after.
 */
function partsOf(shown) {
  let look = { bold: false, dim: false };
  return shown.map((line) => {
    const parts = [];
    for (const [at, piece] of line.split(`${ESCAPE}[`).entries()) {
      // Every piece but the first begins with the rest of an escape sequence.
      const end = at === 0 ? 0 : piece.indexOf('m') + 1;
      if (end > 0)
        look = piece
          .slice(0, end - 1)
          .split(';')
          .reduce(lookAfter, look);
      if (piece.length > end) parts.push({ text: piece.slice(end), ...look });
    }
    return parts;
  });
}

function lookAfter(look, code) {
  if (code === '' || code === '0') return { bold: false, dim: false };
  if (code === '1') return { ...look, bold: true };
  if (code === '2') return { ...look, dim: true };
  return code === '22' ? { bold: false, dim: false } : look;
}

function drawLine(parts, y) {
  let column = 0;
  const typed = parts[0]?.text.startsWith('$ ') === true;
  const pieces = typed
    ? [{ ...parts[0], text: '$', fill: PROMPT }, { ...parts[0], text: parts[0].text.slice(1) }, ...parts.slice(1)]
    : parts;
  return pieces.map(({ text, bold, dim, fill = INK }) => {
    const x = (LEFT + column * CELL).toFixed(1);
    column += text.length;
    // The text fills its cells in any font.
    const length = `textLength="${(text.length * CELL).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
    return `<text x="${x}" y="${y}" fill="${fill}" ${length}${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}>${quote(text)}</text>`;
  });
}

function quote(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
