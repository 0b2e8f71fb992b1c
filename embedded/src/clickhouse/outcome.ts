/** What one statement gave; counts are rows and bytes, `elapsed` seconds. */
export interface Outcome {
  bytes: Uint8Array;
  elapsed: number;
  resultRows: number;
  resultBytes: number;
  writtenRows: number;
  writtenBytes: number;
}

/** What a statement gave that did nothing. */
export const NOTHING: Outcome = {
  bytes: new Uint8Array(),
  elapsed: 0,
  resultRows: 0,
  resultBytes: 0,
  writtenRows: 0,
  writtenBytes: 0,
};
