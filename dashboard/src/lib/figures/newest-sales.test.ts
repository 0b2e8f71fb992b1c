import { expect, test } from 'vitest';
import { newestSales } from './newest-sales.ts';

test('the newest sale comes first, a branch that never sold last, and one that is not in the catalog yet is there', () => {
  const sold = [
    { branch_id: 'SMKT001', newest_sale: '2026-11-20T10:00:00Z' },
    { branch_id: 'SMKT004', newest_sale: '2026-11-20T11:00:00Z' },
    { branch_id: 'SMKT003', newest_sale: null },
  ];
  const known = ['SMKT003', 'SMKT002', 'SMKT001'].map((branch_id) => ({ branch_id }));
  expect(newestSales(sold, known)).toEqual([
    { id: 'SMKT004', at: Date.parse('2026-11-20T11:00:00Z') },
    { id: 'SMKT001', at: Date.parse('2026-11-20T10:00:00Z') },
    { id: 'SMKT002', at: null },
    { id: 'SMKT003', at: null },
  ]);
});
