/** `option httpchk` and `http-check`, as the checks see them. */

/** What a response has to have (`http-check expect`). */
export interface HttpExpectation {
  /** Whether it holds. */
  readonly holds: (response: { readonly status: number; readonly body: string }) => boolean;
  /** `!`: it must not. */
  readonly negated: boolean;
  /** It looks at the body. */
  readonly body: boolean;
  /** As written, for the check's result. */
  readonly text: string;
}

export interface HttpCheckSettings {
  readonly method: string;
  readonly uri: string;
  /** `HTTP/1.0` or `HTTP/1.1`. */
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty: none. */
  readonly body: string;
  /** `http-check send-state`: the server is told what is thought of it. */
  readonly sendState: boolean;
  /** `http-check disable-on-404`: 404 is the server's wish for no new streams. */
  readonly disableOn404: boolean;
  /** All have to hold; none: status 2xx or 3xx. */
  readonly expectations: readonly HttpExpectation[];
}

/** HAProxy's defaults (manual 4.2 "option httpchk"). */
export const DEFAULT_HTTP_CHECK: HttpCheckSettings = {
  method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', headers: [], body: '', sendState: false, disableOn404: false, expectations: [],
};
