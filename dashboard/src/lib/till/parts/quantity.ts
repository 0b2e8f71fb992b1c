import type { Product } from '../basket/basket.ts';

/** A quantity in thousandths as it is read: `2`, `0.735 kg`. */
export const quantityText = (quantity: number, unit: Product['unit']): string =>
  unit === 'kg' ? `${(quantity / 1000).toFixed(3)} kg` : String(quantity / 1000);
