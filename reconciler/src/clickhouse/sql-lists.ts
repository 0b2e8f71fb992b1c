const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids in one query: well below ClickHouse's limit for the text of a query (256 KiB). */
export const IDS_PER_QUERY = 2_000;

/**
 * UUIDs as a list in SQL text. Bound values travel in the URL, whose length is limited to some hundreds of these;
 * what stands in the text here can be nothing but a UUID or a whole number.
 */
export const uuidList = (ids: Iterable<string>): string => {
  const checked = [...new Set(ids)].map((id) => {
    if (!UUID.test(id)) throw new Error(`not a UUID: ${id}`);
    return `'${id}'`;
  });
  return checked.length === 0 ? '(NULL)' : `(${checked.join(',')})`;
};

/** Slots (seconds since 1970) as a list of DateTime in SQL text. */
export const slotList = (slots: Iterable<number>): string => {
  const checked = [...new Set(slots)].map((slot) => {
    if (!Number.isSafeInteger(slot) || slot < 0) throw new Error(`not a slot: ${slot}`);
    return slot;
  });
  return `(SELECT toDateTime(arrayJoin([${checked.join(',')}]::Array(UInt32)), 'UTC'))`;
};

/** Cuts a list into pieces. */
export const inPieces = <Element>(elements: readonly Element[], size: number): Element[][] => {
  const pieces: Element[][] = [];
  for (let from = 0; from < elements.length; from += size) pieces.push(elements.slice(from, from + size));
  return pieces;
};
