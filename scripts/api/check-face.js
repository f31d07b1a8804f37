import { reference } from './reference.js';
import { report } from './report.js';

/**
 * Checks that every public name and property has a docstring, every function and class an example,
 * that nothing is reachable that is not exported, and that the API reports and the API reference
 * are up to date.
 * @param update whether to write the reports and the reference
 * @returns the faults, one line or more each
 */
export async function checkFace(face, update) {
  const reports = face.packages.flatMap((one) => report(one, face, update));
  return [...reports, ...(await reference(face, update))];
}
