/** `.if … .endif` and the messages of a file: which of its lines count (HAProxy manual 2.4). */
import { evaluateCondition } from './conditions.ts';
import { nearest } from './nearest.ts';
import type { Facts } from './conditions.ts';
import type { Diagnostics, Position } from './diagnostics.ts';
import type { Line } from './lexer.ts';

/** Blocks inside each other. */
const MAX_DEPTH = 64;

export const PREPROCESSOR_WORDS: readonly string[] = ['.if', '.elif', '.else', '.endif', '.notice', '.warning', '.alert', '.diag'];

interface Block {
  readonly position: Position;
  /** Whether the lines around it count. */
  readonly outer: boolean;
  /** Whether the lines of the present branch count. */
  active: boolean;
  /** A branch was taken: no other will be. */
  taken: boolean;
  /** `.else` was met. */
  last: boolean;
}

export class Preprocessor {
  readonly #report: Diagnostics;
  readonly #facts: Facts;
  readonly #blocks: Block[] = [];
  #tooDeep = 0;

  constructor(report: Diagnostics, facts: Facts) {
    this.#report = report;
    this.#facts = facts;
  }

  /** Whether the lines that follow are left out: they are not even split into words. */
  get skipping(): boolean {
    return this.#blocks.at(-1)?.active === false;
  }

  /** Takes the line if it is one of these words. */
  take(line: Line): boolean {
    const [head] = line;
    if (!head.text.startsWith('.') || head.text.length < 2) return false;
    switch (head.text) {
      case '.if': this.#if(line); break;
      case '.elif': this.#elif(line); break;
      case '.else': this.#else(line); break;
      case '.endif': this.#endif(line); break;
      default: if (!this.skipping) this.#message(line);
    }
    return true;
  }

  /** At the end of a file: blocks end with it. */
  end(): void {
    for (const { position } of this.#blocks.splice(0)) this.#report.error("'.if' without '.endif' in this file", position);
    this.#tooDeep = 0;
  }

  #if(line: Line): void {
    const [{ position }] = line;
    if (this.#blocks.length >= MAX_DEPTH) {
      this.#report.error(`more than ${MAX_DEPTH} '.if' inside each other`, position);
      this.#tooDeep++;
      return;
    }
    const outer = !this.skipping;
    const active = outer && this.#holds(line);
    this.#blocks.push({ position, outer, active, taken: active, last: false });
  }

  #elif(line: Line): void {
    const block = this.#current(line);
    if (block === undefined) return;
    if (block.last) this.#report.error("'.elif' behind '.else'", line[0].position);
    const active: boolean = block.outer && !block.taken && !block.last && this.#holds(line);
    block.active = active;
    block.taken ||= active;
  }

  #else(line: Line): void {
    const block = this.#current(line);
    if (block === undefined) return;
    this.#alone(line);
    if (block.last) this.#report.error("a second '.else' for one '.if'", line[0].position);
    block.active = block.outer && !block.taken && !block.last;
    block.last = true;
  }

  #endif(line: Line): void {
    if (this.#tooDeep > 0) {
      this.#tooDeep--;
      return;
    }
    const block = this.#current(line);
    if (block === undefined) return;
    this.#alone(line);
    this.#blocks.pop();
  }

  #current(line: Line): Block | undefined {
    if (this.#tooDeep > 0) return undefined;
    const block = this.#blocks.at(-1);
    if (block === undefined) this.#report.error(`'${line[0].text}' without '.if' above`, line[0].position);
    return block;
  }

  #alone([head, extra]: Line): void {
    if (extra !== undefined) this.#report.error(`'${head.text}' takes no argument: unexpected '${extra.text}'`, extra.position);
  }

  /** The condition is the rest of the line: words joined again, as HAProxy does. */
  #holds([head, ...rest]: Line): boolean {
    const result = evaluateCondition(rest.map(({ text }) => text).join(' '), this.#facts);
    if (result.ok) return result.value;
    this.#report.error(`${head.text}: ${result.message}`, rest[0]?.position ?? head.position);
    return false;
  }

  #message([head, text, extra]: Line): void {
    const { position } = head;
    if (!PREPROCESSOR_WORDS.includes(head.text)) {
      const near = nearest(head.text, PREPROCESSOR_WORDS);
      return this.#report.error(`unknown word '${head.text}'`, position, near && `did you mean '${near}'?`);
    }
    if (text === undefined) return this.#report.error(`'${head.text}' needs a message`, position);
    if (extra !== undefined) {
      return this.#report.error(`'${head.text}' takes one message: unexpected '${extra.text}'`, extra.position, 'put a message of several words in quotes');
    }
    switch (head.text) {
      case '.alert': return this.#report.error(text.text, position);
      case '.warning': return this.#report.warning(text.text, position);
      default: return this.#report.remark(head.text === '.diag' ? 'diag' : 'notice', text.text, position);
    }
  }
}
