/**
 * The program of Node 24, for libraries that do not run on the Node of this repository; `pnpm bench`
 * fetches it. Without it these libraries are left out.
 */
export const NODE_24 = process.env['BENCH_NODE_24'];
