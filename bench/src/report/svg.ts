import type { Side } from '../running/heat.js';

/** The width of every plot, in its own units; GitHub shows it as wide as text. */
export const WIDTH = 860;
export const MARGIN = 24;

/**
 * Colours for light and dark. A plot has a background of its own, so that it is readable also when
 * the page is dark and the browser reports a light scheme.
 */
const STYLE = `
.ground{fill:#ffffff;stroke:#d1d9e0}.ink{fill:#1f2328}.soft{fill:#59636e}.rule{stroke:#d1d9e0}.range{stroke:#1f2328}.halo{stroke:#ffffff}
.bullpen{fill:#0969da}.bullmq{fill:#818b98}.peer{fill:#c8d1da}
.line-bullpen{stroke:#0969da}.line-bullmq{stroke:#818b98}.line-peer{stroke:#c8d1da}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117;stroke:#3d444d}.ink{fill:#f0f6fc}.soft{fill:#9198a1}.rule{stroke:#2f353d}.range{stroke:#f0f6fc}.halo{stroke:#0d1117}
.bullpen{fill:#388bfd}.bullmq{fill:#7d8590}.peer{fill:#444c56}
.line-bullpen{stroke:#388bfd}.line-bullmq{stroke:#7d8590}.line-peer{stroke:#444c56}
}`;

/** A whole picture around its parts, with a title and a line of what is plotted. */
export function picture(height: number, title: string, subtitle: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
<g font-family="system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif" font-size="12">
${text(MARGIN, 34, title, { size: 16, weight: 600 })}
${text(MARGIN, 54, subtitle, { tone: 'soft' })}
${parts.join('\n')}
</g>
</svg>
`;
}

interface TextOptions {
  readonly tone?: 'ink' | 'soft';
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly weight?: number;
  /** Keeps the lines behind it at a distance. */
  readonly halo?: boolean;
}

export function text(
  x: number,
  y: number,
  content: string,
  { tone = 'ink', anchor = 'start', size, weight, halo = false }: TextOptions = {},
): string {
  const place = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  const look = `${size === undefined ? '' : ` font-size="${size}"`}${weight === undefined ? '' : ` font-weight="${weight}"`}`;
  const around = halo ? ' stroke-width="4" stroke-linejoin="round" paint-order="stroke"' : '';
  return `<text class="${tone}${halo ? ' halo' : ''}" x="${round(x)}" y="${round(y)}"${place}${look}${around}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, look: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${look}/>`;
}

export function bar(x: number, y: number, width: number, height: number, side: Side): string {
  return `<rect class="${side}" x="${round(x)}" y="${round(y)}" width="${round(Math.max(1, width))}" height="${height}" rx="2"/>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The end of an axis, and its steps: 1, 2 or 5 times a power of ten, about five of them. */
export function niceScale(most: number): { readonly end: number; readonly step: number } {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
  return { end: Math.ceil(most / step) * step, step };
}

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
