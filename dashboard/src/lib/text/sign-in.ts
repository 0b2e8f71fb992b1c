/** What a till says about who stands at it. */
export const signIn = {
  heading: 'Who is at the till?',
  name: 'Cashier',
  choose: 'Choose your name',
  pin: 'PIN',
  submit: 'Sign in',
  out: 'Sign out',
  signedIn: (name: string) => `Signed in: ${name}`,
  away: 'The PIN cannot be checked without the network. Whoever is signed in at another till goes on selling there.',
};
