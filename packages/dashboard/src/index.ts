/**
 * Shows queues, jobs and batches in a browser, behind a login.
 * @packageDocumentation
 */

export { type RunningDashboard, startDashboard } from './dashboard.js';
export type { DashboardOptions } from './options.js';
export { SECRET_NAMES } from './redact/secret-names.js';
