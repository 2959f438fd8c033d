/** Arguments of directives whose words src/route compiles. */
import type { Argument } from '../directive.ts';
import type { Token } from '../lexer.ts';

/** All words that remain on the line. */
export function remaining(usage: string, describe: string): Argument<readonly Token[]> {
  return {
    usage,
    describe,
    take: (cursor) => {
      const words: Token[] = [];
      for (let token = cursor.next(); token !== undefined; token = cursor.next()) words.push(token);
      return words;
    },
  };
}

export const CONDITION = '[if|unless <condition>]';
