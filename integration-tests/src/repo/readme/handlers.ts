import { handle, JobRejected } from '@bullpen/worker';
import { sendInvoice } from './jobs.js';

export const invoices = handle(sendInvoice, async ({ invoice, email }, { log, signal }) => {
  if (email.endsWith('@gone.example')) throw new JobRejected('this customer has left');
  signal.throwIfAborted(); // give it to fetch, to your database, to whatever takes one
  log.info({ invoice, email }, 'invoice sent');
});
