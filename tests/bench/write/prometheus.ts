/** Samples of a Prometheus page by their name with labels. */
export type Samples = ReadonlyMap<string, number>;

/** What `/metrics` says now. */
export const scrape = async (url: string): Promise<Samples> => {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const cut = line.lastIndexOf(' ');
        return [line.slice(0, cut), Number(line.slice(cut + 1))];
      }),
  );
};

/** Which share of a histogram's observations between two scrapes fell into each bucket, as a phrase; times in seconds. */
export const shares = (name: string, before: Samples, after: Samples): string => {
  const grown = (sample: string) => (after.get(sample) ?? 0) - (before.get(sample) ?? 0);
  const total = grown(`${name}_count`);
  let below = 0;
  const told: string[] = [];
  for (const sample of after.keys()) {
    const bound = new RegExp(`^${name}_bucket\\{le="([^"]+)"\\}$`).exec(sample)?.[1];
    if (bound === undefined) continue;
    const inBucket = grown(sample) - below;
    below += inBucket;
    if (inBucket > 0) {
      const what = bound === '+Inf' ? 'more' : `≤${Number(bound) * 1000} ms`;
      told.push(`${what} ${((inBucket / total) * 100).toFixed(1)} %`);
    }
  }
  return `${total}: ${told.join(', ')}`;
};

/** How much all samples of a name have grown together, whatever their labels. */
export const growth = (name: string, before: Samples, after: Samples): number => {
  const sum = (samples: Samples) =>
    [...samples].reduce((total, [sample, value]) => (sample.split('{')[0] === name ? total + value : total), 0);
  return sum(after) - sum(before);
};
