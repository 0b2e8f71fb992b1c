declare global {
  namespace App {
    interface Locals {
      /** Whether who asked may still look: a long answer asks now and then. */
      mayStay: () => Promise<boolean>;
    }
  }
}

export {};
