/*
 * Lists stand in the text of the sealer's statements: hundreds of places are too long for bound parameters, which travel in the URL.
 */

/** SQL of a text. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** SQL of a list of texts. */
export const texts = (values: Iterable<string>): string => `CAST([${[...values].map(quoted)}], 'Array(String)')`;

/** SQL of a list of days since 1970. */
export const days = (values: Iterable<number>): string => `CAST([${[...values]}], 'Array(UInt16)')`;

/** SQL of a list of instants (seconds since 1970). */
export const instants = (values: Iterable<number>): string => `CAST([${[...values]}], 'Array(DateTime(\\'UTC\\'))')`;

/** SQL of the country of a column `place`, by where each branch is; '' for one that nobody has told of. */
export const countryOf = (countries: ReadonlyMap<string, string>): string =>
  countries.size === 0
    ? "''"
    : `transform(toString(place), ${texts(countries.keys())}, ${texts(countries.values())}, '')`;
