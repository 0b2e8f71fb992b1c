/** How far outside of the window something is that will be seen soon. */
const NEAR = '100px';
/** After this long without anything to do before, a page has settled. */
const SETTLED_MS = 8_000;

/** Tells at first, and whenever it changes, whether an element is in the window or near it. Returns how to stop. */
export const whileSeen = (element: Element, tell: (seen: boolean) => void): (() => void) => {
  const observer = new IntersectionObserver((entries) => tell(entries.at(-1)?.isIntersecting ?? false), {
    rootMargin: NEAR,
  });
  observer.observe(element);
  return () => observer.disconnect();
};

/** Calls once the page has settled and has nothing else to do. Returns how to stop. */
export const whenIdle = (work: () => void): (() => void) => {
  let idle: number | undefined;
  const timer = setTimeout(() => {
    // Safari does not know it.
    if (typeof requestIdleCallback === 'function') idle = requestIdleCallback(work);
    else work();
  }, SETTLED_MS);
  return () => {
    clearTimeout(timer);
    if (idle !== undefined) cancelIdleCallback(idle);
  };
};
