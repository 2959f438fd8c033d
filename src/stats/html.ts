/** The page as HTML: HAProxy's tables, without scripts. */
import type { StatsSettings } from '../config/stats-settings.ts';
import { ACTIONS, OUTCOMES } from './actions.ts';
import { BACKEND, FRONTEND, SERVER, type ProxyRows, type Row } from './columns.ts';
import { details } from './details.ts';
import { count, duration, escape, octets } from './format.ts';
import { STYLE } from './style.ts';
import { pageUri, type PageOptions } from './uri.ts';

/** What the head of the page says of the process. */
export interface PageInfo {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly maxFiles: number;
  readonly maxconn: number;
  readonly connections: number;
  readonly streams: number;
  readonly hostname: string;
  readonly description: string | null;
  /** Empty: the process is not about to end. */
  readonly stopping: string;
}

export function renderHtml(
  proxies: readonly ProxyRows[], info: PageInfo, settings: StatsSettings, options: PageOptions, admin: boolean,
): string {
  const version = settings.hideVersion ? '' : ` ${escape(info.version)}`;
  const node = settings.node === null ? '' : ` on ${escape(settings.node === '' ? info.hostname : settings.node)}`;
  const description = settings.description === null ? '' : settings.description === '' ? (info.description ?? '') : settings.description;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Statistics Report for Pillion${node}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Pillion${version}</h1>
<p>Statistics Report for pid ${info.pid}${node}${description === '' ? '' : ` <span class="about">${escape(description)}</span>`}</p>
</header>
${outcome(settings, options)}<section class="general">
${general(info)}
${legend()}
${choices(settings, options)}
</section>
${proxies.map((proxy) => table(proxy, settings, admin, options)).join('')}${proxies.length === 0 ? '<p class="nothing">No proxy is in the scope of this page.</p>\n' : ''}</body>
</html>
`;
}

function outcome({ uri }: StatsSettings, options: PageOptions): string {
  const text = OUTCOMES[options.outcome];
  if (text === undefined) return '';
  const kind = options.outcome === 'DONE' ? 'good' : options.outcome === 'NONE' ? 'plain' : 'bad';
  return `<p class="outcome ${kind}" role="status">${text} <a href="${escape(pageUri(uri, options))}">Dismiss</a></p>\n`;
}

function general({ pid, uptimeSeconds, maxFiles, maxconn, connections, streams, stopping }: PageInfo): string {
  return `<div>
<h2>General process information</h2>
<dl>
<dt>pid</dt><dd>${pid} (process #1, nbproc = 1, nbthread = 1)</dd>
<dt>uptime</dt><dd>${duration(uptimeSeconds)}${stopping === '' ? '' : ` — <strong>${escape(stopping)}</strong>`}</dd>
<dt>system limits</dt><dd>ulimit-n = ${maxFiles}; maxconn = ${maxconn}</dd>
<dt>current</dt><dd>conns = ${connections}; streams = ${streams}</dd>
</dl>
</div>`;
}

/** Classes of rows with what they stand for. */
const LEGEND: readonly (readonly [kind: string, text: string])[] = [
  ['up', 'active UP'], ['backup-up', 'backup UP'], ['going-down', 'UP, going down'], ['going-up', 'DOWN, going up'], ['down', 'DOWN'],
  ['maint', 'in maintenance (MAINT)'], ['drain', 'soft-stopped (DRAIN)'], ['nolb', 'asked for no new streams (NOLB)'], ['no-check', 'not checked'],
];

function legend(): string {
  const items = LEGEND.map(([kind, text]) => `<li><span class="swatch ${kind}"></span>${text}</li>`);
  return `<div>\n<h2>States of servers</h2>\n<ul class="legend">\n${items.join('\n')}\n</ul>\n</div>`;
}

function choices({ uri, refreshSeconds }: StatsSettings, options: PageOptions): string {
  const link = (changes: Partial<PageOptions>, text: string): string =>
    `<li><a href="${escape(pageUri(uri, options, changes))}">${text}</a></li>`;
  const [path = '', query] = uri.split('?');
  // A form's own fields take the place of the query, and the page's URI may be one.
  const kept = query === undefined ? '' : `<input type="hidden" name="${escape(query)}" value="">`;
  return `<div>
<h2>Display</h2>
<form method="get" action="${escape(query === undefined ? pageUri(path, options, { scope: '' }) : path)}" class="scope">${kept}
<label>Scope <input name="scope" value="${escape(options.scope)}" size="8" maxlength="20"></label>
</form>
<ul>
${link({ hideDown: !options.hideDown }, options.hideDown ? "Show 'DOWN' servers" : "Hide 'DOWN' servers")}
${link({ hideMaintenance: !options.hideMaintenance }, options.hideMaintenance ? "Show 'MAINT' servers" : "Hide 'MAINT' servers")}
${refreshSeconds === null ? '' : `${link({ noRefresh: !options.noRefresh }, options.noRefresh ? 'Enable refresh' : `Disable refresh (${duration(refreshSeconds)})`)}\n`}${link({}, 'Refresh now')}
${link({ format: 'csv' }, 'CSV export')}
</ul>
</div>`;
}

const GROUPS: readonly (readonly [title: string, columns: readonly string[]])[] = [
  ['Queue', ['Cur', 'Max', 'Limit']],
  ['Session rate', ['Cur', 'Max', 'Limit']],
  ['Sessions', ['Cur', 'Max', 'Limit', 'Total', 'LbTot', 'Last']],
  ['Bytes', ['In', 'Out']],
  ['Denied', ['Req', 'Resp']],
  ['Errors', ['Req', 'Conn', 'Resp']],
  ['Warnings', ['Retr', 'Redis']],
  ['Server', ['Status', 'LastChk', 'Wght', 'Act', 'Bck', 'Chk', 'Dwn', 'Dwntme', 'Thrtle']],
];

function table(proxy: ProxyRows, settings: StatsSettings, admin: boolean, options: PageOptions): string {
  const { id, name, rows, mode } = proxy;
  const editable = admin && rows.some(({ type }) => type === SERVER);
  const select = editable ? '<th rowspan="2" class="select"></th>' : '';
  const anchor = escape(name);
  const body = rows.map((row) => line(row, settings, editable)).join('');
  const head = `<h2><a id="${anchor}" href="#${anchor}">${anchor}</a>${settings.legends ? ` <small>mode: ${escape(mode)}, id: ${id}</small>` : ''}</h2>`;
  const content = `<div class="scroll"><table>
<thead>
<tr>${select}<th rowspan="2"></th>${GROUPS.map(([title, columns]) => `<th colspan="${columns.length}">${title}</th>`).join('')}</tr>
<tr>${GROUPS.flatMap(([, columns]) => columns.map((column, i) => `<th${i === 0 ? ' class="first"' : ''}>${column}</th>`)).join('')}</tr>
</thead>
<tbody>
${body}</tbody>
</table></div>
`;
  if (!editable) return `<section class="proxy">\n${head}\n${content}</section>\n`;
  const choice = ACTIONS.map(([action, text]) => `<option value="${action}">${text}</option>`).join('');
  return `<section class="proxy">
${head}
<form method="post" action="${escape(pageUri(settings.uri, options))}">
${content}<p class="action"><label>Choose the action to perform on the checked servers:
<select name="action"><option value=""></option>${choice}</select></label>
<input type="hidden" name="b" value="#${id}"> <button>Apply</button></p>
</form>
</section>
`;
}

function line(row: Row, settings: StatsSettings, editable: boolean): string {
  const name = escape(row.svname);
  const anchor = `${escape(row.pxname)}/${row.type === FRONTEND ? 'Frontend' : row.type === BACKEND ? 'Backend' : name}`;
  const label = row.type === FRONTEND ? 'Frontend' : row.type === BACKEND ? 'Backend' : name;
  const more = settings.legends ? legendOf(row) : '';
  const select = !editable ? '' : row.type === SERVER ? `<td class="select"><input type="checkbox" name="s" value="${name}" aria-label="${name}"></td>` : '<td class="select"></td>';
  return `<tr class="${kindOf(row)}">${select}<th scope="row"${more === '' ? '' : ` title="${escape(more)}"`}><a id="${anchor}" href="#${anchor}">${label}</a></th>${cells(row).join('')}</tr>\n`;
}

function legendOf(row: Row): string {
  switch (row.type) {
    case SERVER:
      return `${row['addr'] ?? 'no address'}, id: ${row['sid']}${row['cookie'] === undefined ? '' : `, cookie: '${row['cookie']}'`}`;
    case BACKEND:
      return `balancing: ${row['algo']}${row['cookie'] === undefined ? '' : `, cookie: '${row['cookie']}'`}`;
    case FRONTEND:
      return '';
  }
}

/** The class of a row, which gives it its colour. */
export function kindOf({ type, status, bck }: Row): string {
  if (type === FRONTEND) return 'frontend';
  if (type === BACKEND) return 'backend';
  const [word = '', rest = ''] = status.split(' ', 2);
  const leaving = rest.includes('/');
  switch (word) {
    case 'UP':
      return leaving ? 'going-down' : bck === 1 ? 'backup-up' : 'up';
    case 'DOWN':
      return leaving ? 'going-up' : 'down';
    case 'NOLB':
      return 'nolb';
    case 'DRAIN':
      return 'drain';
    case 'MAINT':
      return 'maint';
    default:
      return 'no-check';
  }
}

function cells(row: Row): string[] {
  const cell = (text: string, title = '', kind = ''): string =>
    `<td${kind === '' ? '' : ` class="${kind}"`}${title === '' ? '' : ` title="${escape(title)}"`}>${text}</td>`;
  const number = (column: string, kind = ''): string => {
    const value = row[column];
    return cell(typeof value === 'number' ? count(value) : '', '', kind);
  };
  const limit = (column: string): string => cell(typeof row[column] === 'number' && row[column] !== 0 ? count(Number(row[column])) : '-');
  const server = row.type === SERVER;
  const lastSession = row['lastsess'];
  return [
    ...(row.type === FRONTEND ? [cell('', '', 'first'), cell(''), cell('')] : [number('qcur', 'first'), number('qmax'), server ? limit('qlimit') : cell('')]),
    number('rate', 'first'), number('rate_max'), row.type === FRONTEND ? limit('rate_lim') : cell(''),
    number('scur', 'first'), number('smax'), limit('slim'),
    cell(count(Number(row['stot'] ?? 0)), details(row), 'more'), number('lbtot'),
    cell(typeof lastSession !== 'number' ? '' : lastSession < 0 ? '?' : duration(lastSession)),
    cell(octets(Number(row['bin'] ?? 0)), `${row['bin']} octets`, 'first'), cell(octets(Number(row['bout'] ?? 0)), `${row['bout']} octets`),
    number('dreq', 'first'), number('dresp'),
    number('ereq', 'first'), number('econ'),
    row['eresp'] === undefined ? cell('') : cell(count(Number(row['eresp'])), `Connection resets during transfers: ${row['cli_abrt'] ?? 0} client, ${row['srv_abrt'] ?? 0} server`),
    number('wretr', 'first'), number('wredis'),
    ...serverCells(row, cell),
  ];
}

function serverCells(row: Row, cell: (text: string, title?: string, kind?: string) => string): string[] {
  const since = typeof row['lastchg'] === 'number' && row.status !== 'no check' ? `${duration(row['lastchg'])} ` : '';
  const status = cell(`${since}<b>${escape(row.status)}</b>`, '', 'first status');
  if (row.type === FRONTEND) return [cell(`<b>${escape(row.status)}</b>`, '', 'first status'), `<td colspan="8"></td>`];
  const text = (column: string): string => (typeof row[column] === 'number' ? count(row[column]) : '');
  const flag = (column: string): string => (row.type === BACKEND ? text(column) : row[column] === 1 ? 'Y' : '-');
  return [
    status, check(row, cell), cell(`${row['weight'] ?? 0}/${row['uweight'] ?? 0}`), cell(flag('act')), cell(flag('bck')),
    cell(text('chkfail')), cell(text('chkdown')), cell(typeof row['downtime'] === 'number' ? duration(row['downtime']) : ''),
    cell(row['throttle'] !== undefined ? `${row['throttle']}%` : row.type === SERVER ? '-' : ''),
  ];
}

function check(row: Row, cell: (text: string, title?: string, kind?: string) => string): string {
  const status = row['check_status'];
  if (status === undefined) return cell('');
  const code = row['check_code'] === undefined ? '' : `/${row['check_code']}`;
  const detail = row['last_chk'] === undefined || row['last_chk'] === '' ? '' : `: ${row['last_chk']}`;
  return cell(`${escape(String(status))}${code} in ${row['check_duration'] ?? 0}ms`, `${row['check_desc'] ?? ''}${detail}`, 'more');
}
