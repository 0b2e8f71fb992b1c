declare global {
  namespace App {
    interface Locals {
      /** Whether who asked may still look: a long answer asks now and then. */
      mayStay: () => Promise<boolean>;
      /** Who asks; absent on routes that are open to everybody. */
      who?: import('$lib/server/login/who.ts').Who;
    }
  }
}

export {};
