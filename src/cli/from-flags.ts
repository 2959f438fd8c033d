/** The configuration that `--listen … --to …` means, as text: what --print-config shows is what runs. */
import type { Destination, ProxyFlags } from './command.ts';

/** How many servers a `dns:` name can grow to. */
const DNS_SLOTS = 256;

/** A file in HAProxy's language. `flags` are those of `parseArguments`, so the text has no errors. */
export function configurationFromFlags(flags: ProxyFlags): string {
  const { listen, to, balance, grpcService, otlp, admin } = flags;
  const names = new Set<string>();
  const lines = [
    '# What the flags mean. Save this, change it, and run it: pillion -f FILE',
    'global',
    '    log stdout format raw local0 info',
    '    # A stop drains: listeners go on for the grace, running streams have until the hard stop.',
    '    grace 5s',
    '    hard-stop-after 25s',
    ...(admin === null ? [] : [`    admin ${word(admin.text)}`]),
    ...(otlp === null ? [] : [`    otlp ${word(otlp)}`]),
    '',
    'defaults',
    '    mode auto',
    '    log global',
    '    option httplog',
    '    option dontlognull',
    '    timeout connect 2s',
    '    timeout client 1h',
    '    timeout server 1h',
    '',
    'frontend clients',
    `    bind ${word(listen)}`,
    '    default_backend servers',
    '',
    'backend servers',
    `    balance ${word(balance)}`,
    `    option grpc-check${grpcService === null ? '' : ` service ${word(grpcService)}`}`,
    '    default-server check inter 1s',
    ...to.map((destination) => `    ${serverLine(destination, names)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function serverLine({ dns, address }: Destination, names: Set<string>): string {
  if (!dns) return `server ${uniqueName(address, names)} ${word(address)}`;
  const host = address.slice(0, address.lastIndexOf(':'));
  return `server-template ${uniqueName(host, names)}- ${DNS_SLOTS} ${word(address)}`;
}

/** The address itself is the most telling name in logs and metrics; what names may not have becomes '_'. */
function uniqueName(address: string, names: Set<string>): string {
  const plain = address.replace(/[[\]]/g, '').replace(/[^A-Za-z0-9_.:-]/g, '_');
  let name = plain;
  for (let copy = 2; names.has(name); copy++) name = `${plain}-${copy}`;
  names.add(name);
  return name;
}

/** One word of the language, quoted where it has to be (HAProxy manual 2.2). */
function word(text: string): string {
  if (/^[\w.:/@+,[\]%=~?&-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
