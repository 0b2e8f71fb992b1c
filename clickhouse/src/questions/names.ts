/**
 * SQL for the name of a product in the catalog now; empty where the catalog does not know it. The names are read once a
 * statement, so that they are of the same moment.
 */
export const productName = (id: string): string => `transform(toString(${id}),
    ((SELECT (groupArray(toString(product_id)), groupArray(name)) FROM silver.products FINAL) AS catalog).1, catalog.2, '')`;
