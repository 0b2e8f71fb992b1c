/** A sleep that a notification ends; one that came before the sleep is not lost. */
export class Waker {
  #awake = false;
  #ring: (() => void) | undefined;

  wake(): void {
    this.#awake = true;
    this.#ring?.();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#awake = false;
    this.#ring = undefined;
  }
}
