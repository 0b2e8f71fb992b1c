/** What the page about branches and hours says. */
export const branches = {
  title: 'Branches & hours',
  side: 'Branches side by side',
  sideFinding: (branch: string, share: string, other: string) =>
    `${branch} brings most: ${share} of the revenue. ${other}`,
  basketFinding: (branch: string, basket: string) => `The largest baskets are in ${branch}: ${basket} on average.`,
  sideOne: (branch: string, revenue: string) => `${branch} brought ${revenue}.`,
  branch: 'Branch',
  country: 'Country',
  revenue: 'Revenue',
  share: 'Share',
  change: 'Change',
  purchases: 'Purchases',
  basket: 'Average basket',
  discounts: 'Discounts',
  returned: 'Returned',
  customers: 'Customers',
  loyal: 'Loyal there',
  noAdd: 'Customers count in each branch they shop in, so they do not add up.',
  caption: 'Revenue, purchases, baskets and customers of each branch',
  chain: 'All branches',
  grid: 'Purchases by weekday and hour',
  gridCaption: (timeZone: string) =>
    `Purchases per weekday and hour on the shop's clock, ${timeZone}; the mean of the days in the period`,
  peak: (weekday: string, from: string, to: string, count: string) =>
    `Busiest: ${weekday} from ${from} to ${to}, with ${count} purchases on average.`,
  second: (weekday: string, from: string, count: string) => `Then ${weekday} from ${from}, with ${count}.`,
  quiet: (weekday: string) => `The quietest day is ${weekday}.`,
  none: 'No purchase in this period.',
  hour: 'Hour',
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  short: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  clock: (timeZone: string) =>
    `Hours are on the shop's clock, ${timeZone}. A day that is not over counts as far as it has come.`,
};
