/** CSS pixels: about what an A4 page has between its margins. */
export const PRINTED_WIDTH = 700;
/** Sharp on paper, whatever the screen is. */
export const PRINTED_RATIO = 3;

/**
 * Calls `prepare` before the page is printed and `restore` after it. In between the page is light:
 * `:root.printing` in the style sheet. For the browser only. Returns how to stop.
 */
export const whenPrinted = (prepare: () => void, restore: () => void = () => {}): (() => void) => {
  const root = document.documentElement;
  const before = () => {
    root.classList.add('printing');
    prepare();
  };
  const after = () => {
    root.classList.remove('printing');
    restore();
  };
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
  };
};
