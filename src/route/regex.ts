/**
 * PCRE as HAProxy takes it, as a regular expression of JavaScript. The two agree on almost all that configurations contain; what
 * differs in writing is rewritten, what JavaScript does not have is an error.
 */

export type CompiledRegex =
  | { readonly ok: true; readonly regex: RegExp; readonly warning: string | null }
  | { readonly ok: false; readonly message: string };

const POSIX: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z', digit: '0-9', alnum: 'A-Za-z0-9', upper: 'A-Z', lower: 'a-z', space: String.raw`\s`, blank: String.raw` \t`,
  punct: String.raw`!-\/:-@\[-\x60{-~`, xdigit: '0-9A-Fa-f', word: String.raw`\w`, cntrl: String.raw`\x00-\x1f\x7f`, print: ' -~', graph: '!-~',
};

export function compileRegex(source: string, ignoreCase: boolean, flags: string = ''): CompiledRegex {
  const translated = translate(source);
  if (!translated.ok) return translated;
  let { pattern } = translated;
  let insensitive = ignoreCase;
  // Flags for the whole expression; others in the middle are JavaScript's own (?i:...).
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  let more = flags;
  if (inline !== null) {
    pattern = pattern.slice(inline[0].length);
    insensitive ||= inline[1]?.includes('i') === true;
    for (const flag of 'ms') if (inline[1]?.includes(flag) === true) more += flag;
  }
  try {
    const regex = new RegExp(pattern, (insensitive ? 'i' : '') + more);
    const risky = catastrophic(pattern);
    const warning = risky === null ? null : `'${risky}' repeats what repeats: a client can make it take exponential time`;
    return { ok: true, regex, warning };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '';
    return { ok: false, message: `invalid regular expression: ${reason}` };
  }
}

function translate(source: string): { ok: true; pattern: string } | { ok: false; message: string } {
  const missing = (what: string): { ok: false; message: string } =>
    ({ ok: false, message: `${what} of PCRE do not exist in JavaScript's regular expressions` });
  let pattern = '';
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at, at + 12);
    const char = source.charAt(at);
    if (char === '\\') {
      const next = source.charAt(at + 1);
      if (next === 'Q') {
        const end = source.indexOf(String.raw`\E`, at);
        const literal = source.slice(at + 2, end < 0 ? source.length : end);
        pattern += literal.replace(/[$()*+.?[\\\]^{|}/-]/g, String.raw`\$&`);
        at = end < 0 ? source.length : end + 1;
        continue;
      }
      if ('GKRXgk'.includes(next) && next !== '' && !(next === 'k' && source.charAt(at + 2) === '<')) return missing(String.raw`escapes such as \${next}`);
      const long = /^\\x\{([0-9a-f]{1,2})\}/i.exec(rest);
      if (long !== null) {
        pattern += `\\x${(long[1] ?? '').padStart(2, '0')}`;
        at += long[0].length - 1;
        continue;
      }
      pattern += next === 'A' ? '^' : next === 'z' || next === 'Z' ? '$' : next === 'h' ? (inClass ? String.raw` \t` : String.raw`[ \t]`)
        : next === 'a' ? String.raw`\x07` : next === 'e' ? String.raw`\x1b` : char + next;
      at++;
    } else if (inClass) {
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      const set = posix === null ? undefined : POSIX[posix[2] ?? ''];
      if (posix !== null) {
        if (set === undefined || posix[1] === '^') return { ok: false, message: `unknown class ${posix[0]}` };
        pattern += set;
        at += posix[0].length - 1;
      } else {
        if (char === ']') inClass = false;
        pattern += char === '[' ? String.raw`\[` : char;
      }
    } else if (char === '[') {
      inClass = true;
      pattern += char;
      if (source.charAt(at + 1) === '^') pattern += source.charAt(++at);
      // A bracket that closes at once is a member.
      if (source.charAt(at + 1) === ']') {
        pattern += String.raw`\]`;
        at++;
      }
    } else if (rest.startsWith('(?#')) {
      const end = source.indexOf(')', at);
      at = end < 0 ? source.length : end;
    } else if (rest.startsWith('(?P<')) {
      pattern += '(?<';
      at += 3;
    } else if (rest.startsWith('(?>')) return missing('atomic groups');
    else if (/^\(\?(R|\d|&|P>|P=|\(|\|)/.test(rest)) return missing('recursion and conditions');
    else if (/^[*+?}]\+/.test(rest)) return missing('possessive quantifiers');
    else pattern += char;
  }
  return { ok: true, pattern };
}

/** A group with an unbounded repetition in it that is itself repeated without bound, such as `(a+)+`; null: none was seen. */
function catastrophic(pattern: string): string | null {
  const bare = pattern.replace(/\\./g, '__').replace(/\[[^\]]*\]/g, (set) => '_'.repeat(set.length));
  const opened: { at: number; repeats: boolean }[] = [];
  for (let at = 0; at < bare.length; at++) {
    const char = bare.charAt(at);
    const unbounded = (index: number): boolean => /^([*+]|\{\d*,\})/.test(bare.slice(index, index + 8));
    if (char === '(') opened.push({ at, repeats: false });
    else if (char === ')') {
      const group = opened.pop();
      if (group === undefined) return null;
      // `(/[^/]+)*` is fine: each round begins with what the inner repetition cannot take. Only a round that may be all repetition is not.
      const inner = bare.slice(group.at + 1, at).replace(/^\?(:|<\w+>)/, '');
      if (group.repeats && unbounded(at + 1) && /^(_+|\w|\.)([*+]|\{\d*,\})\??$/.test(inner)) return pattern.slice(group.at, at + 2);
      const parent = opened.at(-1);
      if (parent !== undefined && (group.repeats || unbounded(at + 1))) parent.repeats = true;
    } else if (unbounded(at)) {
      const group = opened.at(-1);
      if (group !== undefined) group.repeats = true;
    }
  }
  return null;
}

/** HAProxy's replacement (`\0` … `\9`, `\\`) with the groups of `match` put in. */
export function expandReplacement(replacement: string, match: readonly (string | undefined)[]): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\(x[0-9a-fA-F]{2}|[\s\S])/g, (_all, next: string) => {
    if (/^\d$/.test(next)) return match[Number(next)] ?? '';
    return next.startsWith('x') && next.length === 3 ? String.fromCharCode(Number.parseInt(next.slice(1), 16)) : next;
  });
}
