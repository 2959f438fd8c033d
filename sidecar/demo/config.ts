/** The configuration that the demo gives Pillion. */

export interface DemoAddresses {
  readonly listenPort: number;
  readonly adminPort: number;
  readonly replicas: readonly { readonly name: string; readonly port: number }[];
}

export function demoConfig({ listenPort, adminPort, replicas }: DemoAddresses): string {
  const servers = replicas.map(({ name, port }) => `    server ${name} 127.0.0.1:${port}`);
  return `global
    admin 127.0.0.1:${adminPort}
    hard-stop-after 10s

defaults
    mode auto
    timeout connect 2s
    timeout client 1m
    timeout server 1m

frontend echo
    bind 127.0.0.1:${listenPort}
    default_backend replicas

backend replicas
    balance leastconn
    option grpc-check
    default-server check inter 500ms rise 1 fall 2
${servers.join('\n')}
`;
}
