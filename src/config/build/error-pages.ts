/** `errorfile` and `errorfiles` of proxies and of their rules into pages: files read, sections of `http-errors` found. */
import { readFileSync } from 'node:fs';
import { parseErrorFile } from '../error-file.ts';
import { nearest } from '../nearest.ts';
import type { Position, Reporter } from '../diagnostics.ts';
import type { ConfigurationDraft, HttpErrorsDraft, ProxyDraft } from '../draft.ts';
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
  const sectionOf = (name: string, position: Position): HttpErrorsDraft | null => {
    const section = httpErrors.get(name);
    if (section !== undefined) return section;
    const near = nearest(name, httpErrors.keys());
    report.error(`there is no section 'http-errors ${name}'`, position, near && `did you mean '${near}'?`);
    return null;
  };
  const fileOf = (name: string, status: number, position: Position): string | null => {
    const section = sectionOf(name, position);
    if (section === null) return null;
    const path = section.files.get(status);
    if (path === undefined) report.error(`section 'http-errors ${name}' has no errorfile ${status}`, position);
    return path ?? null;
  };
  for (const proxy of proxies) {
    for (const use of proxy.rules.scope.pages) {
      const { source, status, position } = use;
      const path = source.kind === 'file' ? source.path : fileOf(source.name, status, position);
      if (path !== null) use.page = page(path, position);
    }
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
      const section = sectionOf(source.name, position);
      if (section === null) continue;
      for (const status of source.statuses.length > 0 ? source.statuses : section.files.keys()) {
        const path = fileOf(source.name, status, position);
        if (path !== null) add(status, path, position);
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
