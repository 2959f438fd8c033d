/** HAProxy's short words for what a check came to (management manual 9.1 "check_status"), from the sentence that says it. */
import type { CheckReport } from '../pool/server.ts';

const WORDS: Readonly<Record<string, string>> = {
  'check passed': 'OK', 'check conditionally passed': 'OKC', timeout: 'TOUT', 'connection problem': 'CON', 'invalid response': 'RSP',
  'wrong status': 'STS',
};

/** @param reason such as `Layer4 connection problem, info: "connection refused"`, or `Layer7 check passed, code: 200` */
export function checkReport(reason: string): Pick<CheckReport, 'status' | 'code' | 'description' | 'detail'> {
  const [, layer = '', what = ''] = /^Layer([467]) ([a-z ]+)/.exec(reason) ?? [];
  const word = WORDS[what.trim()];
  const code = /, code: (\d+)/.exec(reason)?.[1];
  return {
    status: word === undefined ? 'UNK' : `L${layer}${word}`,
    code: code === undefined ? null : Number(code),
    description: reason.split(', ', 1)[0] ?? '',
    detail: /info: "(.*)"$/.exec(reason)?.[1] ?? '',
  };
}
