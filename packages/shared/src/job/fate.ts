/** The meaning of a row's two bits. Once a row is settled, only a retry opens it again. */
export const FATE = { open: 0, completed: 1, failed: 2, cancelled: 3 } as const;
