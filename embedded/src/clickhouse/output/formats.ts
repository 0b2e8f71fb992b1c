const TYPES: [RegExp, string][] = [
  [
    /^(JSONEachRow|JSONLines|NDJSON|JSONCompactEachRow|JSONStringsEachRow|JSONObjectEachRow)/i,
    'application/x-ndjson; charset=UTF-8',
  ],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8; header='],
  [/^(TabSeparated|TSV)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
  [
    /^(Native|RowBinary|Parquet|ORC|Arrow|Avro|MsgPack|Protobuf|RawBLOB|Npy|CapnProto|BSON)/i,
    'application/octet-stream',
  ],
];

/** The Content-Type ClickHouse sends with one of its output formats. */
export function contentType(format: string): string {
  const type = TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
  if (!type.endsWith('header=')) return type;
  return `${type}${/WithNames/i.test(format) ? 'present' : 'absent'}`;
}

/** Formats whose rows end at a line break and never contain a raw one, so that blank lines carry no meaning. */
export function isJsonLines(format: string): boolean {
  return /^JSON\w*EachRow$|^JSONLines$|^NDJSON$/i.test(format);
}
