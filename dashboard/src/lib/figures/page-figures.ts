import type { Breakdowns } from '@tillstream/clickhouse/questions/breakdown/breakdown';
import type { Frequency } from '@tillstream/clickhouse/questions/customers/frequency';
import type { Retention } from '@tillstream/clickhouse/questions/customers/retention';
import type { TopCustomers } from '@tillstream/clickhouse/questions/customers/top-customers';
import type { BranchSales } from '@tillstream/clickhouse/questions/figures/branch-sales';
import type { BoughtTogether } from '@tillstream/clickhouse/questions/products/bought-together';
import type { ProductRanking } from '@tillstream/clickhouse/questions/products/product-ranking';
import type { ReadAnswer } from '@tillstream/schemas/read-api';
import type { Pipeline } from './figures.ts';
import type { Part } from './page-answer.ts';

/** What each page of the owner shows. Money in minor units, times in UTC. */

export interface ProductsFigures extends ProductRanking {
  /** With an empty key: products without a category. The trend is without gaps, by business day or by month of a longer period. */
  categories: {
    key: string;
    units: number;
    revenue_minor: number;
    revenue_before_minor: number;
    trend: { start: string; units: number; revenue_minor: number }[];
  }[];
  by: 'day' | 'month';
}

export interface CashiersFigures {
  now: Breakdowns;
  before?: Breakdowns;
}

export interface ProductSums {
  units: number;
  revenue_minor: number;
  purchases: number;
}

export interface ProductFigures {
  /** Undefined when neither the catalog nor any sale knows it. */
  product?: { product_id: string; product: string; unit_price_minor: number | null; active: boolean };
  now: ProductSums;
  before?: ProductSums;
  /** Without gaps: business days (`YYYY-MM-DD`), or months (`YYYY-MM`) of a longer period. */
  trend: { start: string; units: number; revenue_minor: number }[];
  by: 'day' | 'month';
  /** All 24 hours of the shop's clock. */
  hours: { hour: number; units: number; revenue_minor: number }[];
  branches: { branch_id: string; branch: string; units: number; revenue_minor: number }[];
}

export interface ProductParts {
  /** Of the days before the one on which it was read. */
  together: Part<BoughtTogether & { days: number }>;
}

export interface CustomerCounts {
  unique_customers: number;
  new_customers: number;
  returning_customers: number;
  loyal_customers: number;
}

export interface CustomersFigures {
  now: CustomerCounts;
  before?: CustomerCounts;
  loyal_threshold: number;
  /** Loyal customers at the end of each day, or month of a longer period. */
  loyal: { start: string; loyal_customers: number }[];
  by: 'day' | 'month';
}

export interface CustomersParts {
  frequency: Part<Frequency>;
  retention: Part<Retention>;
  top: Part<TopCustomers>;
}

export interface BranchesFigures {
  branches: BranchSales['branches'];
  cells: ReadAnswer<'week_grid'>['cells'];
  /** How many days of each weekday the period has had: Monday first. */
  weekdays: number[];
}

export interface PipelineFigures {
  branches: { branch_id: string; newest_sale: string | null }[];
}

export interface PipelineParts {
  /** Known without ClickHouse, too. */
  pipeline: Pipeline;
  arrivals: Part<{ start: string; events: number; p50_ms: number; p95_ms: number }[]>;
  checks: Part<
    { start: string; runs: number; lost: number; extra: number; different: number; healed: number; in_flight: number }[]
  >;
  quarantine: Part<{ count: number; newest: { ingested_at: string; event_type: string; reasons: string[] }[] }>;
}
