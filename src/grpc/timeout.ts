/** The grpc-timeout field (gRPC over HTTP/2, "Requests": Timeout). */

/**
 * Parses a grpc-timeout value: one to eight ASCII digits and a unit (H M S m u n).
 * Returns milliseconds, fractional for microseconds and nanoseconds, or -1 when the value is malformed.
 */
export function parseTimeout(value: string): number {
  const digits = value.length - 1;
  if (digits < 1 || digits > 8) return -1;
  let amount = 0;
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    amount = amount * 10 + digit;
  }
  switch (value.charAt(digits)) {
    case 'H': return amount * 3_600_000;
    case 'M': return amount * 60_000;
    case 'S': return amount * 1_000;
    case 'm': return amount;
    case 'u': return amount / 1_000;
    case 'n': return amount / 1_000_000;
    default: return -1;
  }
}
