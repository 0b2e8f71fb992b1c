import { type PurchaseRequest, purchaseResponse } from '@tillstream/schemas/api';
import type { z } from 'zod';
import type { Basket, Product } from '../basket/basket.ts';
import type { Handed } from '../basket/payment.ts';

/** What the answer to a sale tells that its receipt does not. */
export const recordedSale = purchaseResponse.pick({ purchase_id: true, total_minor: true, customer: true });

/** What is printed: kept with the sale, so that a receipt looks the same whenever it is printed again. */
export interface Printed {
  branch: string;
  lines: {
    name: string;
    unit: Product['unit'];
    /** Thousandths. */
    quantity: number;
    unit_price_minor: number;
    discount_minor: number;
    total_minor: number;
  }[];
  discount_minor: number;
  total_minor: number;
  /** What the customer handed over, and what went back in cash. */
  handed: Handed[];
  change_minor: number;
}

/** A sale is taken back: `waiting` to be sent, `done`, or `refused` by the API. */
export interface Void {
  reason: string;
  state: 'waiting' | 'done' | 'refused';
  refused?: string;
}

/**
 * A sale as the till keeps it. `waiting` to be sent; `recorded`; `refused` by the API, which somebody has to deal with; `closed`: refused
 * and dealt with, as the note says.
 */
export interface Sale {
  /** Idempotency key: however often it is sent, it is one purchase. */
  key: string;
  receipt_number: string;
  body: PurchaseRequest & { sold_at: string };
  /** To be taken up again when the sale is refused. */
  basket: Basket;
  printed: Printed;
  /** The sign-in of the cashier who sold; absent where nobody signs in. */
  sign_in?: string;
  state: 'waiting' | 'recorded' | 'refused' | 'closed';
  recorded?: z.output<typeof recordedSale>;
  refused?: string;
  note?: string;
  void?: Void;
}

/** A basket that was put aside, or that a tab has open. */
export interface HeldBasket {
  /** Of the tab that has it open, or of its own once it is held. */
  id: string;
  at: string;
  name: string;
  basket: Basket;
}

/** Whether somebody has to deal with a sale: it, or its void, was refused. */
export const needsAttention = (sale: Sale): boolean => sale.state === 'refused' || sale.void?.state === 'refused';

/** Whether something of a sale is still to be sent. */
export const isWaiting = (sale: Sale): boolean =>
  sale.state === 'waiting' || (sale.state === 'recorded' && sale.void?.state === 'waiting');
