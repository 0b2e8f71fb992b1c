/** Starts of hours, days or months, run-length encoded: a year of days is three runs or so, whatever the clock did. */
export interface Buckets {
  starts: number[];
  params: Record<string, unknown>;
}

/**
 * SQL for the start, in seconds since 1970, of the bucket that a column `slot` belongs to. The calendar is the shop's
 * and is worked out before; ClickHouse only unpacks the starts and rounds each slot down to one of them.
 */
export const BUCKET = `roundDown(toUInt32(slot), arrayCumSum(arrayConcat([{first_start:UInt32}], arrayFlatten(arrayMap(
      (times, quarters) -> arrayWithConstant(times, quarters * 900), {run_times:Array(UInt32)}, {run_quarters:Array(UInt32)})))))`;

/** @param starts ascending instants (ms) on whole quarters of an hour; the first at or before the period's beginning */
export const bucketsOf = (starts: number[]): Buckets => {
  const runs: { times: number; quarters: number }[] = [];
  for (let i = 1; i < starts.length; i++) {
    const quarters = Math.round(((starts[i] ?? 0) - (starts[i - 1] ?? 0)) / 900_000);
    const last = runs.at(-1);
    if (last?.quarters === quarters) last.times++;
    else runs.push({ times: 1, quarters });
  }
  return {
    starts,
    params: {
      first_start: Math.round((starts[0] ?? 0) / 1000),
      run_times: runs.map((run) => run.times),
      run_quarters: runs.map((run) => run.quarters),
    },
  };
};
