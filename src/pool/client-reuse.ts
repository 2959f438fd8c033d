/** What a client's connection brings to the choice of one to an HTTP/1 server (http1-pool.ts). */
import type { Http1ClientSession } from '../h1/client-session.ts';

export class ClientReuse {
  speaks: 'h1' | 'h2' = 'h2';
  /** Requests that it has sent to servers before. */
  requests = 0;
  /** The connection that its last request went over. */
  kept: Http1ClientSession | null = null;
  gone = false;
  /** The frontend has each connection to a server closed behind its response (option http-server-close, httpclose). */
  readonly closesServers: boolean;

  constructor(closesServers: boolean) {
    this.closesServers = closesServers;
  }

  /** The client has gone: nobody else may use what was its alone. */
  end(): void {
    this.gone = true;
    if (this.kept?.exclusive === true) this.kept.release();
    this.kept = null;
  }
}
