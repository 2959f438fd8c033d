/** What browsers are shown when the proxy itself answers: HAProxy's statuses on small pages, without a word of what is behind it. */
import type { ErrorPage } from '../config/http-settings.ts';

/** HAProxy's words for the status where they are not those of the registry, and a sentence for people. */
const SENTENCES: Readonly<Record<number, readonly [title: string, sentence: string]>> = {
  400: ['Bad request', 'The request could not be understood.'],
  401: ['Unauthorized', 'This needs a user name and a password.'],
  403: ['Forbidden', 'This request is not allowed here.'],
  404: ['Not Found', 'There is nothing at this address.'],
  405: ['Method Not Allowed', 'What was asked for cannot be done with this address.'],
  407: ['Unauthorized', 'This needs a user name and a password.'],
  408: ['Request Time-out', 'The whole request did not arrive in time.'],
  410: ['Gone', 'What was here is gone for good.'],
  413: ['Payload Too Large', 'The request is larger than what is taken here.'],
  414: ['URI Too Long', 'The address of the request is too long.'],
  425: ['Too Early', 'The request came before the connection was proven.'],
  429: ['Too Many Requests', 'There were too many requests in a short time.'],
  431: ['Request Header Fields Too Large', 'The header of the request is too large.'],
  500: ['Internal Server Error', 'Something went wrong in here.'],
  501: ['Not Implemented', 'What the request needs is not supported here.'],
  502: ['Bad Gateway', 'The server gave no complete and valid response.'],
  503: ['Service Unavailable', 'No server can take this request now.'],
  504: ['Gateway Time-out', 'The server did not respond in time.'],
  505: ['HTTP Version Not Supported', 'This version of HTTP is not spoken here.'],
};

const made = new Map<number, ErrorPage>();

export type ErrorPages = ReadonlyMap<number, ErrorPage>;

/** The page for a status: from a file, else our own. Status 0: nothing is to be sent. */
export function errorPage(status: number, ...configured: readonly (ErrorPages | undefined)[]): ErrorPage {
  for (const pages of configured) {
    const page = pages?.get(status);
    if (page !== undefined) return page;
  }
  let page = made.get(status);
  if (page === undefined) {
    const [title, sentence] = SENTENCES[status] ?? ['Error', 'The request was not served.'];
    const body = Buffer.from(`<html><body><h1>${status} ${title}</h1>\n${sentence}\n</body></html>\n`, 'latin1');
    page = { status, fields: [['cache-control', 'no-cache'], ['content-type', 'text/html']], body };
    made.set(status, page);
  }
  return page;
}
