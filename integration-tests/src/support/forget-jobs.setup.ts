/**
 * Runs before each file of tests. The files of a project share processes, and a process knows every
 * job that was ever defined in it: without this, two files could not define jobs by the same name,
 * nor each handle only its own jobs of a queue.
 */
const jobs = (globalThis as { [key: symbol]: Map<string, unknown> | undefined })[Symbol.for('bullpen.jobs')];
jobs?.clear();
