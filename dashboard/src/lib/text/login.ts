/** What the login says. */
export const login = {
  title: 'Log in',
  heading: 'Log in to see your figures',
  name: 'Name',
  password: 'Password',
  submit: 'Log in',
  out: 'Log out',
  wrong: 'This is not the password of this user.',
  later: (wait: string) => `Too many attempts. The next one is possible in ${wait}.`,
  notLoggedOut:
    'The session could not be ended because Postgres does not answer. You are still logged in: try again in a moment.',
  away: 'The login cannot be checked right now. Tills keep selling; try again in a moment.',
  noPassword: "No password is set yet. Whoever runs the server sets the owner's with this command:",
  command: 'npm run password',
};
