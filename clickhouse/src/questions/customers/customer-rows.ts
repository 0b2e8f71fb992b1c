/** SQL of the customers of the chain or, with the parameter {branch:String}, of a branch: a table, perhaps with its condition. */
export const customersOf = (branch: string | undefined): string =>
  branch === undefined ? 'gold.customers' : 'gold.customer_branches WHERE branch_id = {branch:String}';
