import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/database';
import { clickhouseCustomers } from '../clickhouse/customers.ts';
import { clickhousePurchases } from '../clickhouse/purchases.ts';
import type { CustomerScope } from '../facts/customer-fact.ts';
import type { Subject } from '../facts/facts.ts';
import type { PurchaseScope, SlotOfBranch } from '../facts/purchase-scope.ts';
import { postgresCustomers } from '../postgres/customers.ts';
import { postgresPurchases } from '../postgres/purchases.ts';

/** All that is compared. */
export interface Subjects {
  purchases: Subject<PurchaseScope, SlotOfBranch>;
  customers: Subject<CustomerScope, number>;
  customerBranches: Subject<CustomerScope, number>;
}

export const subjectsIn = (db: Database, clickhouse: ClickHouse): Subjects => {
  const customers = (name: 'customer' | 'customer_branch'): Subject<CustomerScope, number> => ({
    name,
    postgres: postgresCustomers(db, name),
    clickhouse: clickhouseCustomers(clickhouse, name),
  });
  return {
    purchases: { name: 'purchase', postgres: postgresPurchases(db), clickhouse: clickhousePurchases(clickhouse) },
    customers: customers('customer'),
    customerBranches: customers('customer_branch'),
  };
};
