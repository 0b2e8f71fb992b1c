/**
 * JSON with sorted keys and no white space: two texts of the same JSON value have the same canonical form, whatever
 * the order of their fields (the idea of RFC 8785, for values that JSON.parse has read).
 */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? 'undefined';
