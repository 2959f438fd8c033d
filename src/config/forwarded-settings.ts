/** How servers are told of the client by header fields: `option forwardfor` and `option forwarded`. */

export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `option forwardfor`, or `option originalto`, of one section. */
export interface ForwardForSettings {
  /** Clients (of originalto: destinations) that are not told of. */
  readonly except: Network | null;
  /** In lower case; null: `x-forwarded-for`, or `x-original-to`. */
  readonly header: string | null;
  /** Only where the request has no such field. */
  readonly ifNone: boolean;
}

/** What a section says of both; null: off. */
export interface ForwardingSettings {
  readonly forwardFor: ForwardForSettings | null;
  readonly originalTo: ForwardForSettings | null;
}

/** `option forwarded` (RFC 7239): the parameters that are told, in this order. */
export type ForwardedParameter = 'proto' | 'host' | 'by' | 'by_port' | 'for' | 'for_port';
