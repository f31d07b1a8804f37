import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

export const sendInvoice = defineJob({
  name: 'invoice.send',
  payload: z.object({ invoice: z.string(), email: z.email() }),
  timeout: '30s',
});
