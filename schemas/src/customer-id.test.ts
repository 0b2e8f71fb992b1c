import { expect, test } from 'vitest';
import { customerIdOf } from './customer-id.ts';

test.each([
  ['', null],
  ['  ', null],
  ['00000000-0000-0000-0000-000000000000', null],
  ['A1B2C3D4-0000-4000-8000-00000000000F', 'a1b2c3d4-0000-4000-8000-00000000000f'],
  // Fixed for ever: with another namespace every card would become a new customer.
  ['card 7', 'a2a33a9d-6074-54e3-9917-59859fb3332b'],
  [' card 7 ', 'a2a33a9d-6074-54e3-9917-59859fb3332b'],
])('the customer of %j is %j', (given, customer) => {
  expect(customerIdOf(given)).toBe(customer);
});

test('cards that differ are customers that differ', () => {
  expect(new Set(['card 7', 'card 8', 'Card 7', '{card 7}'].map(customerIdOf)).size).toBe(4);
});
