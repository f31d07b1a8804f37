// Checks the public face of the packages, or updates its report and its reference: `--update`.
import { checkFace } from './check-face.js';
import { FACE } from './packages.js';

const update = process.argv.includes('--update');
const faults = await checkFace(FACE, update);
if (faults.length > 0) {
  const advice = update ? '' : ' Write what is missing, run `pnpm api:update`, read the difference and commit it.';
  process.stderr.write(
    `${faults.join('\n')}\n\n${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} of the public face.${advice}\n`,
  );
  process.exitCode = 1;
}
