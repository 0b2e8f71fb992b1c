/** Seconds in a slot. Every time zone's hours and days are whole numbers of slots. */
export const SLOT_SECONDS = 900;

/** Which purchases are compared. Times are milliseconds since 1970, slots seconds. */
export type PurchaseScope =
  | {
      /** Recorded in `[recordedFrom, recordedTo)`, whenever they were sold. */
      kind: 'recent';
      recordedFrom: number;
      recordedTo: number;
      /** Slots that Postgres has purchases of in this window. */
      slots: readonly number[];
    }
  | {
      /** Sold in the slots `[fromSlot, toSlot)`, and recorded before `recordedTo`: later ones are on their way. */
      kind: 'sold';
      fromSlot: number;
      toSlot: number;
      recordedTo: number;
    };

/** A slot in a branch. */
export interface SlotOfBranch {
  slot: number;
  branch: string;
}

export const slotName = ({ slot, branch }: SlotOfBranch): string => `${slot}/${branch}`;

/** The id that Postgres's uuidv7() would not have gone below at this moment (milliseconds since 1970; RFC 9562, 5.7). */
export const lowestIdAt = (moment: number): string => {
  const hex = Math.max(0, Math.floor(moment)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};
