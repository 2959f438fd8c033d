/** What a proxy section says of HTTP/1 and of HTTP's own answers, as the rest of Pillion sees it. */

export type HttpReuse = 'never' | 'safe' | 'aggressive' | 'always';

/** `option http-keep-alive`, `http-server-close`, `httpclose`. */
export type ConnectionMode = 'keep-alive' | 'server-close' | 'close';

/** A response of the proxy's own (`errorfile`), as it is sent. */
export interface ErrorPage {
  readonly status: number;
  /** In lower case, in order; without those that concern the connection. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface HttpSettings {
  readonly connection: ConnectionMode;
  readonly reuse: HttpReuse;
  /** `option http-pretend-keepalive`: servers are not told that the connection is closed behind the response. */
  readonly pretendKeepAlive: boolean;
  /** `option abortonclose`: a client that closed its side while it waits for a server is given up. */
  readonly abortOnClose: boolean;
  /** `monitor-uri`: requests for it are answered here; null: none. */
  readonly monitorUri: string | null;
  /** `errorfile`, `errorfiles`: pages by the status that they stand for. */
  readonly errorPages: ReadonlyMap<number, ErrorPage>;
}

/** What messages may measure, the same for all proxies (tune.bufsize, tune.maxrewrite, tune.http.maxhdr). */
export interface HttpLimits {
  /** Octets of a header section. */
  readonly maxHead: number;
  readonly maxFields: number;
}

/** HAProxy's defaults. */
export const DEFAULT_HTTP: HttpSettings = {
  connection: 'keep-alive', reuse: 'safe', pretendKeepAlive: false, abortOnClose: false, monitorUri: null, errorPages: new Map(),
};
