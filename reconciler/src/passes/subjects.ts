import type { ClickHouse } from '@tillstream/clickhouse/client';
import type { Database } from '@tillstream/pos-api/postgres/database';
import { clickhouseCatalog } from '../clickhouse/catalog.ts';
import { clickhouseCustomers } from '../clickhouse/customers.ts';
import { clickhousePurchases } from '../clickhouse/purchases.ts';
import type { WholeCatalog } from '../facts/catalog-fact.ts';
import type { CustomerScope } from '../facts/customer-fact.ts';
import type { Subject } from '../facts/facts.ts';
import type { PurchaseScope, SlotOfBranch } from '../facts/purchase-scope.ts';
import { postgresCatalog } from '../postgres/catalog.ts';
import { customersBeingForgotten, postgresCustomers } from '../postgres/customers.ts';
import { postgresPurchases } from '../postgres/purchases.ts';

/** All that is compared. */
export interface Subjects {
  purchases: Subject<PurchaseScope, SlotOfBranch>;
  customers: Subject<CustomerScope, number>;
  customerBranches: Subject<CustomerScope, number>;
  products: Subject<WholeCatalog, WholeCatalog>;
  branches: Subject<WholeCatalog, WholeCatalog>;
}

export const subjectsIn = (db: Database, clickhouse: ClickHouse): Subjects => {
  const customers = (name: 'customer' | 'customer_branch'): Subject<CustomerScope, number> => ({
    name,
    postgres: postgresCustomers(db, name),
    clickhouse: clickhouseCustomers(clickhouse, name),
    beingForgotten: customersBeingForgotten(db),
  });
  const catalog = (name: 'product' | 'branch'): Subject<WholeCatalog, WholeCatalog> => ({
    name,
    postgres: postgresCatalog(db, name),
    clickhouse: clickhouseCatalog(clickhouse, name),
  });
  return {
    purchases: { name: 'purchase', postgres: postgresPurchases(db), clickhouse: clickhousePurchases(clickhouse) },
    customers: customers('customer'),
    customerBranches: customers('customer_branch'),
    products: catalog('product'),
    branches: catalog('branch'),
  };
};
