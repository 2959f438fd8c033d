/** Where the figures are shown: redrawn in place on a terminal, else one line each time. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { renderLine, renderTable } from './render.ts';
import type { View } from './render.ts';

export interface Screen {
  show(view: View): void;
  /** A line that stays. On a terminal it is shown within the table instead. */
  tell(text: string): void;
  close(): void;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[2J\x1b[H';
const UP = (lines: number): string => (lines > 0 ? `\x1b[${lines}A\r` : '');

export function createScreen(output: WriteStream): Screen {
  return output.isTTY ? tableScreen(output) : lineScreen(output);
}

function lineScreen(output: NodeJS.WritableStream): Screen {
  return {
    show: (view) => void output.write(`${renderLine(view)}\n`),
    tell: (text) => void output.write(`${text}\n`),
    close: () => {},
  };
}

function tableScreen(output: WriteStream): Screen {
  let drawn = 0;
  output.write(HIDE_CURSOR);
  // The lines may have been wrapped anew: how many there are now is not known.
  const resized = (): void => {
    drawn = 0;
    output.write(CLEAR_ALL);
  };
  output.on('resize', resized);
  return {
    show(view) {
      // What does not fit would scroll, and could not be drawn over.
      const lines = renderTable(view, output.columns - 1).slice(0, output.rows - 1);
      output.write(`${UP(drawn)}${CLEAR_BELOW}${lines.map(paint).join('\n')}\n`);
      drawn = lines.length;
    },
    tell: () => {},
    close() {
      output.off('resize', resized);
      output.write(SHOW_CURSOR);
    },
  };
}

function paint(line: string): string {
  if (line.startsWith('  failed:')) return styleText('red', line);
  return line
    .replace(/█+/, (bar) => styleText('cyan', bar))
    .replace(/\bUP\b/, (word) => styleText('green', word))
    .replace(/\b(DOWN|NOLB|draining|returning)\b/g, (word) => styleText('yellow', word))
    .replace(/\bfailed [1-9]\d*/, (text) => styleText('red', text));
}
