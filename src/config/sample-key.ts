/** The few expressions that keys are made of: `hash` of `balance`, `stick on`. */
import type { SampleKey } from './balance-settings.ts';
import type { Reporter } from './diagnostics.ts';
import type { Token } from './lexer.ts';

/** For messages and help. */
export const SAMPLE_KEYS = 'src, path, pathq, url_param(<name>), hdr(<name>) or req.cook(<name>)';

/** undefined: it is none of them, which was reported. */
export function parseSampleKey({ text, position }: Token, report: Reporter): SampleKey | undefined {
  const [, fetch = '', name = ''] = /^([a-z_.]+)(?:\(([^(),]+)\))?$/.exec(text) ?? [];
  switch (fetch) {
    case 'src':
    case 'path':
    case 'pathq':
      if (name === '') return { fetch };
      break;
    case 'url_param':
    case 'urlp':
      if (name !== '') return { fetch: 'url_param', name };
      break;
    case 'hdr':
    case 'req.hdr':
      if (name !== '') return { fetch: 'hdr', name: name.toLowerCase() };
      break;
    case 'cook':
    case 'req.cook':
    case 'cookie':
      if (name !== '') return { fetch: 'cook', name };
  }
  report.error(`'${text}' cannot be a key`, position, `keys are ${SAMPLE_KEYS}`);
  return undefined;
}
