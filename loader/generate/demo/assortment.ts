import { productId } from '@tillstream/schemas/files';

/** A product of the demo shop as its receipts know it. */
export interface Article {
  product_id: string;
  name: string;
  category: string;
  unit: 'piece' | 'kg';
  unit_price_minor: number;
  /** How often it is bought, relative to the others. */
  popularity: number;
}

const rows: [name: string, category: string, unit: Article['unit'], price: number, popularity: number][] = [
  ['Milk', 'Dairy', 'piece', 150, 30],
  ['Butter', 'Dairy', 'piece', 260, 8],
  ['Eggs', 'Dairy', 'piece', 310, 11],
  ['Cheese', 'Dairy', 'piece', 480, 9],
  ['Yoghurt', 'Dairy', 'piece', 110, 9],
  ['Bread', 'Bakery', 'piece', 220, 27],
  ['Croissant', 'Bakery', 'piece', 140, 10],
  ['Baguette', 'Bakery', 'piece', 170, 9],
  ['Bananas', 'Fruit and vegetables', 'kg', 180, 18],
  ['Apples', 'Fruit and vegetables', 'kg', 290, 9],
  ['Tomatoes', 'Fruit and vegetables', 'kg', 349, 9],
  ['Potatoes', 'Fruit and vegetables', 'kg', 149, 7],
  ['Ham', 'Deli', 'kg', 1890, 5],
  ['Olives', 'Deli', 'kg', 1490, 3],
  ['Coffee', 'Drinks', 'piece', 690, 7],
  ['Tea', 'Drinks', 'piece', 320, 4],
  ['Orange Juice', 'Drinks', 'piece', 240, 6],
  ['Mineral Water', 'Drinks', 'piece', 90, 9],
  ['Chocolate', 'Sweets', 'piece', 130, 7],
  ['Biscuits', 'Sweets', 'piece', 210, 5],
  ['Soap', 'Household', 'piece', 199, 3],
  ['Kitchen Roll', 'Household', 'piece', 329, 3],
];

/** What the demo shop sells. */
export const ASSORTMENT: readonly Article[] = rows.map(([name, category, unit, unit_price_minor, popularity]) => {
  return { product_id: productId(name), name, category, unit, unit_price_minor, popularity };
});

const POPULARITY = new Map(ASSORTMENT.map(({ product_id, popularity }) => [product_id, popularity]));

/** How often a product is bought, relative to the others; one that the demo does not know is an average one. */
export const popularityOf = (id: string): number => POPULARITY.get(id) ?? 8;
