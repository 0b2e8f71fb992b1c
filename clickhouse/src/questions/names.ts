/**
 * SQL for what the catalog now says of a product; empty where the catalog does not know it. A column is read once a statement, so that all
 * products are of the same moment.
 */
const inCatalog = (column: 'name' | 'category', id: string): string => `transform(toString(${id}),
    ((SELECT (groupArray(toString(product_id)), groupArray(toString(${column}))) FROM silver.products FINAL) AS catalog_${column}).1, catalog_${column}.2, '')`;

/** SQL for the name of a product. */
export const productName = (id: string): string => inCatalog('name', id);

/** SQL for the category of a product; empty where it has none, too. */
export const productCategory = (id: string): string => inCatalog('category', id);
