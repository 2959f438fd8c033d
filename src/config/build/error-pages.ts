/** `errorfile` and `errorfiles` of proxies into pages: files read, sections of `http-errors` found. */
import { readFileSync } from 'node:fs';
import { parseErrorFile } from '../error-file.ts';
import { nearest } from '../nearest.ts';
import type { Position, Reporter } from '../diagnostics.ts';
import type { ConfigurationDraft, ProxyDraft } from '../draft.ts';
import type { ErrorPage } from '../http-settings.ts';

/** A page has to fit into a buffer (HAProxy manual 4.2 "errorfile"). */
const MAX_PAGE = 1024 * 1024;

/** Sets the pages of every proxy; of several for a status, the last that is written holds. */
export function setErrorPages({ proxies, httpErrors }: ConfigurationDraft, report: Reporter): void {
  const read = new Map<string, ErrorPage | null>();
  const page = (path: string, position: Position): ErrorPage | null => {
    let found = read.get(path);
    if (found === undefined) read.set(path, (found = readPage(path, position, report)));
    return found;
  };
  for (const proxy of proxies) {
    const pages = new Map<number, ErrorPage>();
    const add = (status: number, path: string, position: Position): void => {
      const one = page(path, position);
      if (one !== null) pages.set(status, one);
    };
    for (const { source, position } of proxy.settings.errorFiles) {
      if (source.kind === 'file') {
        add(source.status, source.path, position);
        continue;
      }
      const section = httpErrors.get(source.name);
      if (section === undefined) {
        const near = nearest(source.name, httpErrors.keys());
        report.error(`there is no section 'http-errors ${source.name}'`, position, near && `did you mean '${near}'?`);
        continue;
      }
      for (const status of source.statuses.length > 0 ? source.statuses : section.files.keys()) {
        const path = section.files.get(status);
        if (path === undefined) report.error(`section 'http-errors ${source.name}' has no errorfile ${status}`, position);
        else add(status, path, position);
      }
    }
    if (pages.size > 0) setPages(proxy, pages);
  }
}

function setPages(proxy: ProxyDraft, errorPages: ReadonlyMap<number, ErrorPage>): void {
  proxy.settings.http = { ...proxy.settings.http, errorPages };
}

function readPage(path: string, position: Position, report: Reporter): ErrorPage | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    report.error(`cannot read error file '${path}': ${(error as NodeJS.ErrnoException).code ?? String(error)}`, position);
    return null;
  }
  if (bytes.length > MAX_PAGE) {
    report.error(`error file '${path}' has more than ${MAX_PAGE} octets`, position);
    return null;
  }
  const page = parseErrorFile(bytes);
  if (page.ok) return page.value;
  report.error(`error file '${path}': ${page.message}`, position, 'it holds a whole response: status line, header, an empty line, body');
  return null;
}
