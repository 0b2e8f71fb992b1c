/** Where a purchase was made. */
export const CHANNELS = ['pos', 'web'] as const;

/** What a quantity of a product counts: pieces are whole, kilograms have up to three decimals. */
export const UNITS = ['piece', 'kg'] as const;
