/** Where a purchase was made. */
export const CHANNELS = ['pos', 'web'] as const;

/** What a quantity of a product counts: pieces are whole, kilograms have up to three decimals. */
export const UNITS = ['piece', 'kg'] as const;

/** What a user may do: see and change everything, see the figures of their branches, sell at the till of their branches. */
export const ROLES = ['owner', 'manager', 'cashier'] as const;
export type Role = (typeof ROLES)[number];
