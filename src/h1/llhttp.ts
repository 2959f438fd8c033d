/**
 * llhttp, Node's own HTTP/1 parser, as undici ships it: compiled to WebAssembly. This is the only file that knows of it.
 *
 * Why this one: Node's HTTPParser is not public, node:http and undici's clients each decide what becomes of 1xx, trailers, half-closed
 * connections, pipelining and back-pressure, and a proxy has to decide these itself. What they have in common is llhttp, and undici is
 * where it is kept current for JavaScript. Its path inside the package is no promised interface: the version is therefore pinned in
 * package.json, and a part that is missing is an error at the first use, not later.
 *
 * All lenient flags stay off, so that a message that two parsers might read in two ways is an error here (RFC 9112 §11.2). The parser
 * stops behind every event: nobody is called from inside of it, so that what happens on an event may start another parser.
 */
import { createRequire } from 'node:module';

/** The part of the platform's interface that is used here; the compiler's library has it only beside a browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: { readonly env: Readonly<Record<string, (...args: number[]) => number>> }) => { readonly exports: object };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_resume(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_method_name(method: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
}

const REQUEST = 1;
const RESPONSE = 2;
const OK = 0;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;
/** on_headers_complete's answer for a message whose body, if it has one, is not for the parser. */
const NO_BODY = 1;
/** The input buffer in the parser's memory: a whole read. */
const INPUT_SIZE = 64 * 1024;
/** Names that are kept in lower case, so that they are not made anew for every message. */
const MAX_NAMES = 1024;

/**
 * - `more`: all input was taken;
 * - `head`: the header section is there;
 * - `body`: body octets are at {@link Llhttp.bodyStart} to {@link Llhttp.bodyEnd} of the input (chunked coding only);
 * - `complete`: the message ended, trailers included (chunked coding only);
 * - `error`: it breaks the grammar, for {@link Llhttp.reason}.
 */
export type ParserEvent = 'more' | 'head' | 'body' | 'complete' | 'error';

const NOTHING = new Uint8Array(0);

let wasm: Exports | null = null;
let memory: Buffer = Buffer.alloc(0);
let input = 0;
/** Whose input is in the buffer. */
let inputOwner: Llhttp | null = null;
let running: Llhttp | null = null;
const names = new Map<string, string>();
const methods = new Map<number, string>();

export class Llhttp {
  // The head, valid from its event to the next message.
  method = '';
  url = '';
  status = 0;
  /** 10 for HTTP/1.0, 11 for HTTP/1.1. */
  version = 0;
  /** In lower case. After `complete`, those of the trailer section. */
  readonly names: string[] = [];
  /** Without white space around them. */
  readonly values: string[] = [];
  bodyStart = 0;
  bodyEnd = 0;
  /** How far the input was taken. */
  position = 0;
  reason = '';
  /** Responses: the request was one whose response has no body (HEAD), or none in HTTP (CONNECT, Upgrade). */
  bodiless = false;
  readonly #exports: Exports;
  #parser: number;
  readonly #request: boolean;
  #event: ParserEvent = 'more';
  #paused = false;
  #headDone = false;
  #transferCoded = false;
  #name = '';
  #value = '';
  #inValue = false;
  #bodyAt = -1;
  #bodyLength = 0;
  #chunk: Uint8Array = NOTHING;
  #end = 0;
  /** What of the chunk is in the parser's memory. */
  #inputFrom = 0;
  #inputTo = 0;

  constructor(kind: 'request' | 'response') {
    this.#exports = wasm ??= instantiate();
    this.#request = kind === 'request';
    this.#parser = this.#exports.llhttp_alloc(this.#request ? REQUEST : RESPONSE);
  }

  /** Gives back the parser's memory; call it once, at the end. */
  free(): void {
    if (this.#parser !== 0) this.#exports.llhttp_free(this.#parser);
    this.#parser = 0;
  }

  /** Begins with the next message, whatever became of the last. */
  reset(): void {
    this.#exports.llhttp_reset(this.#parser);
    this.#paused = false;
    this.#headDone = false;
    this.#transferCoded = false;
    this.method = this.url = this.reason = '';
    this.status = 0;
    this.#clearFields();
  }

  /** Sets `chunk[start, end)` before the parser; it is read by {@link next} and has to stay until that says `more`. */
  feed(chunk: Uint8Array, start: number, end: number): void {
    this.#chunk = chunk;
    this.position = this.#inputFrom = this.#inputTo = start;
    this.#end = end;
  }

  /** Goes on to the next event; {@link position} says how far the input was taken. */
  next(): ParserEvent {
    const wasmExports = this.#exports;
    while (this.position < this.#end) {
      // Behind an event the rest of the input is where it was, unless another parser ran meanwhile.
      if (this.position === this.#inputTo || inputOwner !== this) this.#copyIn();
      if (this.#paused) {
        wasmExports.llhttp_resume(this.#parser);
        this.#paused = false;
      }
      const at = input + this.position - this.#inputFrom;
      this.#event = 'more';
      running = this;
      const code = wasmExports.llhttp_execute(this.#parser, at, this.#inputTo - this.position);
      running = null;
      if (code === OK) {
        this.position = this.#inputTo;
        continue;
      }
      const base = this.#inputFrom - input;
      this.position = base + wasmExports.llhttp_get_error_pos(this.#parser);
      if (code !== PAUSED && code !== PAUSED_UPGRADE) {
        this.reason = readText(wasmExports.llhttp_get_error_reason(this.#parser));
        return 'error';
      }
      this.#paused = true;
      if ((this.#event as ParserEvent) === 'body') {
        this.bodyStart = base + this.#bodyAt;
        this.bodyEnd = this.bodyStart + this.#bodyLength;
      }
      return this.#event;
    }
    return 'more';
  }

  #copyIn(): void {
    const size = Math.min(this.#end - this.position, INPUT_SIZE);
    if (memory.buffer !== this.#exports.memory.buffer) memory = Buffer.from(this.#exports.memory.buffer);
    memory.set(this.#chunk.subarray(this.position, this.position + size), input);
    this.#inputFrom = this.position;
    this.#inputTo = this.position + size;
    inputOwner = this;
  }

  // ---- from the parser

  onUrl(at: number, length: number): number {
    this.url += memory.toString('latin1', at, at + length);
    return OK;
  }

  onFieldName(at: number, length: number): number {
    if (this.#inValue) this.#pushField();
    const piece = memory.toString('latin1', at, at + length);
    this.#name = this.#name === '' ? piece : this.#name + piece;
    return OK;
  }

  onFieldValue(at: number, length: number): number {
    this.#inValue = true;
    const piece = memory.toString('latin1', at, at + length);
    this.#value = this.#value === '' ? piece : this.#value + piece;
    return OK;
  }

  onHead(status: number): number {
    if (this.#inValue || this.#name !== '') this.#pushField();
    const wasmExports = this.#exports;
    this.#headDone = true;
    this.#event = 'head';
    this.status = status;
    this.version = wasmExports.llhttp_get_http_major(this.#parser) * 10 + wasmExports.llhttp_get_http_minor(this.#parser);
    if (this.#request) this.method = methodName(wasmExports, wasmExports.llhttp_get_method(this.#parser));
    const none = !this.#request && (this.bodiless || status < 200 || status === 204 || status === 304);
    return this.#transferCoded && !none ? PAUSED : NO_BODY;
  }

  onBody(at: number, length: number): number {
    this.#event = 'body';
    this.#bodyAt = at;
    this.#bodyLength = length;
    return PAUSED;
  }

  /** Comes right behind the head where the body is not for the parser: the event is the head then. */
  onComplete(): number {
    if (this.#inValue || this.#name !== '') this.#pushField();
    if (this.#event !== 'head') this.#event = 'complete';
    return PAUSED;
  }

  #pushField(): void {
    const name = lowerCase(this.#name);
    if (name === 'transfer-encoding' && !this.#headDone) this.#transferCoded = true;
    this.names.push(name);
    this.values.push(trimmed(this.#value));
    this.#name = this.#value = '';
    this.#inValue = false;
  }

  #clearFields(): void {
    this.names.length = 0;
    this.values.length = 0;
    this.#name = this.#value = '';
    this.#inValue = false;
  }

  /** The head was read: what is gathered from now on are trailers. */
  forgetHead(): void {
    this.#clearFields();
  }
}

function instantiate(): Exports {
  const bytes: unknown = createRequire(import.meta.url)('undici/lib/llhttp/llhttp_simd-wasm.js');
  if (!Buffer.isBuffer(bytes)) throw new Error('undici has no llhttp where it was: install the version that package.json names');
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  const call = (callback: (parser: Llhttp, at: number, length: number) => number) => (_pointer?: number, at: number = 0, length: number = 0): number =>
    running === null ? OK : callback(running, at, length);
  const { exports } = new WebAssembly.Instance(module, {
    env: {
      wasm_on_message_begin: () => OK,
      wasm_on_url: call((parser, at, length) => parser.onUrl(at, length)),
      wasm_on_status: () => OK,
      wasm_on_header_field: call((parser, at, length) => parser.onFieldName(at, length)),
      wasm_on_header_value: call((parser, at, length) => parser.onFieldValue(at, length)),
      wasm_on_headers_complete: call((parser, status) => parser.onHead(status)),
      wasm_on_body: call((parser, at, length) => parser.onBody(at, length)),
      wasm_on_message_complete: call((parser) => parser.onComplete()),
    },
  });
  // What the module exports is fixed with its version.
  const functions = exports as unknown as Exports;
  functions._initialize();
  input = functions.malloc(INPUT_SIZE);
  return functions;
}

function readText(at: number): string {
  if (at === 0) return 'malformed message';
  let end = at;
  while (end < memory.length && memory[end] !== 0) end++;
  return memory.toString('latin1', at, end);
}

function methodName(wasmExports: Exports, method: number): string {
  let name = methods.get(method);
  if (name === undefined) methods.set(method, (name = readText(wasmExports.llhttp_method_name(method))));
  return name;
}

function lowerCase(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (names.size < MAX_NAMES) names.set(name, lower);
  return lower;
}

/** llhttp takes leading white space off. */
function trimmed(value: string): string {
  let end = value.length;
  while (end > 0 && (value.charCodeAt(end - 1) === 0x20 || value.charCodeAt(end - 1) === 0x09)) end--;
  return end === value.length ? value : value.slice(0, end);
}
