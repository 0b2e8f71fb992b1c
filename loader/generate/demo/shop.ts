/** How far the demo's history goes back: thirteen months. */
export const DEMO_DAYS = 396;

/** Customers of the demo shop with a card; those of the simulated tills are the same. */
export const DEMO_CUSTOMERS = 4_000;
