// Checks the public face of the packages: every public name and property has a docstring, every
// function and class an example, and the API reports (api/) and the API reference (docs/api/) are up
// to date. `--update` writes them.
import { packages } from './packages.js';
import { reference } from './reference.js';
import { report } from './report.js';

const update = process.argv.includes('--update');
const faults = [...packages.flatMap((one) => report(one, update)), ...(await reference(update))];
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n\n${faults.length} faults of the public face.`);
  process.stderr.write(
    update ? '\n' : ' Write what is missing, run `pnpm api:update`, read the difference and commit it.\n',
  );
  process.exitCode = 1;
}
