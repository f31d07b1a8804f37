import { request } from 'node:http';

/** The answer of a health port. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks a port on this machine, over a connection of its own. */
export function ask(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/**
 * The samples of `/metrics`, by name and labels as they are printed:
 * `bullpen_queue_paused{queue="mail"}`.
 */
export async function scrape(port: number): Promise<ReadonlyMap<string, number>> {
  const { text } = await ask(port, '/metrics');
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end))];
    }),
  );
}
