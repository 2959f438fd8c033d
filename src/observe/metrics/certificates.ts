/** Metrics of the files of certificates. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is known of the files of certificates; counts are since the start. */
export interface CertificateFigures {
  readonly rereads: number;
  readonly rereadFailures: number;
  /** The first end of a validity, milliseconds since 1970; Infinity: there is none. */
  readonly expires: number;
}

/** `read`: null while there is no TLS; then the figures are zero, and there is no expiry. */
export function addCertificates(registry: Registry, read: () => CertificateFigures | null): void {
  const counters: readonly (readonly [string, string, (figures: CertificateFigures) => number])[] = [
    ['pillion_certificate_rereads_total', 'Times that changed files of certificates were put to use.', ({ rereads }) => rereads],
    ['pillion_certificate_reread_failures_total', 'Times that they could not be used, and the old ones stayed.', ({ rereadFailures }) => rereadFailures],
  ];
  for (const [name, help, value] of counters) {
    new Counter({
      name, help, registers: [registry],
      collect() {
        const figures = read();
        this.reset();
        if (figures !== null) this.inc(value(figures));
      },
    });
  }
  new Gauge({
    name: 'pillion_certificate_expiry_timestamp_seconds',
    help: 'When the first of the certificates in use expires, seconds since 1970.',
    registers: [registry],
    collect() {
      const figures = read();
      this.remove();
      if (figures !== null && figures.expires < Infinity) this.set(figures.expires / 1000);
    },
  });
}
