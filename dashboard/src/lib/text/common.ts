/** Everything the page says. */
export const text = {
  product: 'Tillstream',
  title: (place: string) => `${place} · Tillstream`,
  description: 'What your shops sell, as it happens.',
  skip: 'Skip to the figures',

  branch: {
    label: 'Branch',
    all: 'All branches',
    show: 'Show',
  },

  status: {
    live: 'Live',
    connecting: 'Reading the figures',
    stale: (age: string) => `Figures from ${age} ago`,
    reconnecting: 'reconnecting',
    tryingAgain: 'Trying again',
    newestSale: (time: string) => `Newest sale ${time}`,
    ago: (age: string) => `${age} ago`,
  },

  axisRevenue: (currency: string) => `Revenue, ${currency}`,

  trend: 'Trend',
  table: 'Show as a table',

  today: {
    heading: 'Today',
    revenue: 'Revenue',
    purchases: 'Purchases',
    averageBasket: 'Average basket',
  },

  /** What the revenue is made of. */
  revenue: {
    less: (gross: string, parts: string) => `${gross} less ${parts}`,
    discounts: (money: string) => `${money} discounts`,
    returns: (money: string, returns: number, shown: string) =>
      `${money} for ${shown} ${returns === 1 ? 'return' : 'returns'}`,
    and: ' and ',
  },

  comparison: {
    up: (when: string) => `more than ${when}`,
    down: (when: string) => `less than ${when}`,
    same: (when: string) => `The same as ${when}`,
    new: (when: string) => `New: nothing ${when}`,
    nothing: (when: string) => `Nothing ${when} either`,
    percent: (percent: number, shown: string) => (percent === 0 ? 'Under 1 %' : `${shown} %`),
    when: (weekday: string, time: string) => `last ${weekday} by ${time}`,
  },

  /** In a table, where there is little room. */
  change: {
    new: 'new',
    gone: 'none now',
    same: 'same',
    percent: (percent: number, shown: string) => (percent === 0 ? 'under 1 %' : `${shown} %`),
  },

  allTime: {
    heading: 'All time',
    behind: (age: string) => `The newest sales of the last ${age} may be missing here.`,
    unique: 'Unique customers',
    uniqueNote: 'Each counts once, however many branches they shop in; branches do not add up.',
    uniqueNoteBranch: 'Each counts once here and may shop in other branches too; branches do not add up.',
    loyal: 'Loyal customers',
    loyalNote: (threshold: string) => `${threshold} purchases or more`,
    loyalNoteBranch: (threshold: string) => `${threshold} purchases or more in this branch`,
    loyalShare: (share: string) => `${share} of all customers`,
    top: 'Top 3 products',
    topUnits: (units: string) => `${units} sold`,
    topTie: 'Products that sold equally share a place.',
    topEmpty: 'The best sellers appear with the first sale.',
  },

  hours: {
    heading: 'Today by the hour',
    busiest: (clock: string, revenue: string, purchases: string) =>
      `Busiest hour so far: ${clock}, with ${revenue} from ${purchases}.`,
    none: (weekday: string, revenue: string) =>
      `No sale yet today. Last ${weekday} brought ${revenue} in the whole day.`,
    noneAtAll: 'No sale yet today.',
    today: 'Today',
    before: (weekday: string) => `Last ${weekday}`,
    caption: 'Revenue and purchases by the hour, today and the same weekday before',
    hour: 'Hour from',
    revenue: (who: string) => `${who}, revenue`,
    purchases: (who: string) => `${who}, purchases`,
  },

  days: {
    heading: 'Last 30 days',
    best: (date: string, revenue: string) => `Best day: ${date} with ${revenue}.`,
    mean: (revenue: string) => `A day brings ${revenue} on average, today left out.`,
    none: 'No sale in the last 30 days.',
    caption: 'Revenue and purchases by business day',
    day: 'Day',
    revenue: 'Revenue',
    purchases: 'Purchases',
    today: 'today, so far',
    fullDays: 'Full days',
    soFar: 'Today so far',
  },

  usual: {
    band: 'Usual range',
    mark: 'Unusual',
    column: 'Usual',
    above: 'unusually high',
    below: 'unusually low',
    hour: (clock: string) => `the hour from ${clock}`,
    range: (low: string, high: string) => `usually ${low} to ${high}`,
    finding: (when: string, revenue: string, low: string, high: string) =>
      `Unusual: ${when} brought ${revenue}, where ${low} to ${high} is usual.`,
    more: (shown: string, count: number) => (count === 1 ? 'So was 1 other.' : `So were ${shown} others.`),
  },

  last: {
    heading: 'Last purchases',
    empty: 'Purchases appear here as the tills record them.',
    items: (count: number, shown: string) => (count === 1 ? `1 item` : `${shown} items`),
    isNew: 'new',
  },

  purchases: (count: number, shown: string) => (count === 1 ? '1 purchase' : `${shown} purchases`),

  pipeline: {
    heading: 'From the tills to this page',
    away: 'The figures cannot be refreshed right now. Tills keep selling, every sale is kept and will show up here.',
    unknown:
      'Figures are up to date with everything that has arrived. How many sales are still on their way cannot be seen right now.',
    heldUp: (sales: string, age: string) =>
      `${sales} on the way, the first for ${age}. They are safe and will show up here.`,
    counting: (sales: string) => `${sales} being counted.`,
    flowing: 'All sales are in. Nothing is waiting.',
    sales: (count: number, shown: string) => (count === 1 ? '1 sale is' : `${shown} sales are`),
    atLeast: (shown: string) => `More than ${shown}`,
    numbers: (age: string, waiting: string, uncounted: string) =>
      `Checked ${age} ago · ${waiting} in the outbox · ${uncounted} behind on the topic`,
    notKnown: '?',
    booksNotChecked: 'Not compared with the books yet.',
    books: (age: string, compared: string, lost: string, double: string, different: string) =>
      `Compared with the books ${age} ago: ${compared} purchases, ${lost} lost, ${double} double, ${different} different.`,
    clock: (timeZone: string) => `Times are on the shop's clock, ${timeZone}.`,
  },

  empty: {
    heading: 'No sale yet',
    body: 'As soon as a till records the first sale, it shows up here, usually within half a second.',
  },

  failed: {
    heading: 'The figures cannot be read right now',
    body: 'Tills keep selling and every sale is kept. This page tries again by itself and fills in as soon as it can.',
  },

  error: {
    heading: 'This page does not exist',
    body: 'Internal error.',
    home: 'Go to the figures',
  },
};
