/** Fetches of credentials (HAProxy manual 7.3.6 and 12.1). */
import { fetch } from '../declare.ts';
import { authenticate, basicCredentials } from '../users.ts';
import type { Fetch } from '../declare.ts';

const request = { needs: 'request' } as const;
const listed = { args: 'userlist:userlist', needs: 'request' } as const;

export const AUTH_FETCHES: readonly Fetch[] = [
  fetch('http_auth', 'bool', 'Whether the credentials are those of a user of the list.', listed, (args, { userlists }) => ({ request: message }) => {
    const credentials = basicCredentials(message);
    return credentials !== null && authenticate(userlists.get(args.text(0)), credentials) !== undefined;
  }),
  fetch('http_auth_bearer', 'str', 'The token of authorization: Bearer, or of another field.', { args: '[field:text]', needs: 'request' }, (args) => {
    const field = args.text(0) === '' ? 'authorization' : args.text(0).toLowerCase();
    return ({ request: message }) => /^bearer +(\S+)/i.exec(message?.get(field) ?? '')?.[1] ?? null;
  }),
  fetch('http_auth_group', 'str', 'The groups of the user that the credentials are of.', {
    ...listed,
    all: (args, { userlists }) => ({ request: message }) => {
      const credentials = basicCredentials(message);
      const user = credentials === null ? undefined : authenticate(userlists.get(args.text(0)), credentials);
      return user === undefined ? [] : [...user.groups];
    },
  }, (args, { userlists }) => ({ request: message }) => {
    const credentials = basicCredentials(message);
    const user = credentials === null ? undefined : authenticate(userlists.get(args.text(0)), credentials);
    return user === undefined ? null : [...user.groups].join(',');
  }),
  fetch('http_auth_pass', 'str', 'The password of the credentials, right or wrong.', request, () => ({ request: message }) => basicCredentials(message)?.password ?? null),
  fetch('http_auth_type', 'str', 'The scheme of the credentials: Basic, Bearer.', request, () => ({ request: message }) =>
    /^(\S+) /.exec(message?.get('authorization') ?? '')?.[1] ?? null),
  fetch('http_auth_user', 'str', 'The user of the credentials, right or wrong.', request, () => ({ request: message }) => basicCredentials(message)?.user ?? null),
];
