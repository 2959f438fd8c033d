/** The columns of HAProxy's statistics in their order (management manual 9.1); programs read them by name and by place. */

const NAMES = `pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr wredis status
  weight act bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle lbtot tracked type
  rate rate_lim rate_max check_status check_code check_duration hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other
  hanafail req_rate req_rate_max req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt
  qtime ctime rtime ttime agent_status agent_code agent_duration check_desc agent_desc check_rise check_fall check_health
  agent_rise agent_fall agent_health addr cookie mode algo conn_rate conn_rate_max conn_tot intercepted dcon dses wrew
  connect reuse cache_lookups cache_hits srv_icur src_ilim qtime_max ctime_max rtime_max ttime_max eint idle_conn_cur
  safe_conn_cur used_conn_cur need_conn_est uweight agg_server_status agg_server_check_status agg_check_status srid
  sess_other h1sess h2sess h3sess req_other h1req h2req h3req proto`;

export const COLUMNS: readonly string[] = NAMES.trim().split(/\s+/);

/** One line: values by column. What does not apply, or is not counted, is left out. */
export interface Row {
  readonly [column: string]: string | number | undefined;
  readonly pxname: string;
  readonly svname: string;
  readonly type: RowType;
  readonly status: string;
}

/** 3, a listener, is never made. */
export type RowType = typeof FRONTEND | typeof BACKEND | typeof SERVER;
export const FRONTEND = 0;
export const BACKEND = 1;
export const SERVER = 2;

/** What is known of one proxy, in the order in which it is shown: frontend, servers, backend. */
export interface ProxyRows {
  readonly id: number;
  readonly name: string;
  readonly mode: string;
  readonly rows: readonly Row[];
}
