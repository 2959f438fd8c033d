/** Actions that end the evaluation: allow, deny, reject, return, redirect, silent-drop, tarpit. */
import { requestFacts } from '../../grpc/request-facts.ts';
import { compileLogFormat } from '../log-format.ts';
import { readText } from '../files.ts';
import { renderRedirect, renderReply, type RedirectTemplate, type ReplyTemplate } from '../reply.ts';
import { ACCEPT } from '../rules.ts';
import { hostOf, pathAndQuery } from '../uri.ts';
import { fromConfiguration } from '../value.ts';
import type { Action, ActionInput, Apply } from './action.ts';
import type { Evaluation } from '../context.ts';
import type { LogFormat } from '../log-format.ts';
import type { Decision } from '../rules.ts';
import type { RulePage } from '../scope.ts';

type MutableTemplate = { -readonly [K in keyof ReplyTemplate]: ReplyTemplate[K] };

const BODY_WORDS = ['content-type', 'string', 'lf-string', 'file', 'lf-file', 'hdr', 'errorfile', 'errorfiles', 'default-errorfiles'] as const;

function isGrpc({ request }: Evaluation): boolean {
  return request !== null && requestFacts(request.toList()).grpc;
}

/** `[status N] [content-type T] [string S|lf-string F|file P|lf-file P] [hdr NAME FORMAT]...`; null: reported. */
function replyTemplate(input: ActionInput, status: number, statusWord: 'status' | 'deny_status'): ReplyTemplate | null {
  const template: MutableTemplate = { status, contentType: null, headers: [], body: null, errorPage: false, page: null, refusal: statusWord === 'deny_status' };
  let source: Pick<RulePage, 'source' | 'position'> | null = null;
  for (let word = input.next(); word !== undefined; word = input.next()) {
    if (word.text === statusWord || word.text === 'status') {
      const code = input.integer('the status', 200, 599);
      if (code === null) return null;
      template.status = code;
      continue;
    }
    const choice = input.choice(word, 'word', BODY_WORDS);
    if (choice === null) return null;
    if (choice === 'default-errorfiles') {
      template.errorPage = true;
      continue;
    }
    if (choice === 'errorfile' || choice === 'errorfiles') {
      const value = input.require(choice === 'errorfile' ? 'a file' : "the name of an 'http-errors' section");
      if (value === null) return null;
      source = { position: value.position, source: choice === 'errorfile' ? { kind: 'file', path: input.scope.path(value.text) } : { kind: 'section', name: value.text } };
      continue;
    }
    if (choice === 'hdr') {
      const name = input.require('the name of a field');
      const value = name === null ? null : input.format('the value of a field');
      if (name === null || value === null) return null;
      template.headers = [...template.headers, { name: name.text.toLowerCase(), value }];
      continue;
    }
    const value = input.require(choice === 'content-type' ? 'a media type' : choice.endsWith('file') ? 'a file' : 'a text');
    if (value === null) return null;
    if (choice === 'content-type') template.contentType = fromConfiguration(value.text);
    else {
      if (template.body !== null) {
        input.error('the body is given twice', word.position);
        return null;
      }
      const body = bodyFrom(choice, value.text, input, value.position);
      if (body === null) return null;
      template.body = body;
    }
  }
  if ((template.errorPage || source !== null) && (template.body !== null || template.contentType !== null || template.headers.length > 0)) {
    input.error(`'${template.errorPage ? 'default-errorfiles' : source?.source.kind === 'file' ? 'errorfile' : 'errorfiles'}' is the whole response: nothing goes with it`, input.position);
    return null;
  }
  if (source !== null) {
    template.page = { ...source, status: template.status, page: null };
    input.scope.pages.push(template.page);
  }
  if (template.errorPage && template.status < 400) {
    input.error(`status ${template.status} has no error page`, input.position, "'default-errorfiles' is for statuses from 400 on");
    return null;
  }
  return template;
}

function bodyFrom(kind: 'string' | 'lf-string' | 'file' | 'lf-file', text: string, input: ActionInput, position: ActionInput['position']): Buffer | LogFormat | null {
  try {
    const content = kind.endsWith('file') ? Buffer.from(readText(input.scope.path(text)), 'latin1').toString('utf8') : text;
    if (kind.startsWith('lf-')) return compileLogFormat(content, position, input.place, 'value', input.scope);
    return Buffer.from(content, 'utf8');
  } catch (error) {
    input.error(error instanceof Error ? error.message : String(error), position);
    return null;
  }
}

function refusal(input: ActionInput, status: number, statusWord: 'deny_status', tarpit: boolean): Apply | null {
  const template = replyTemplate(input, status, statusWord);
  if (template === null) return null;
  const cause = `${input.set} ${tarpit ? 'tarpit' : 'deny'} of ${input.scope.proxy}`;
  return (context) => decide(template, context, tarpit, cause);
}

/** An empty error file closes the connection without an answer; calls of gRPC get theirs in any case. */
function decide(template: ReplyTemplate, context: Evaluation, tarpit: boolean, cause: string): Decision {
  const grpc = isGrpc(context);
  if (template.page?.page?.status === 0 && !grpc) return { kind: 'reject', cause };
  return { kind: 'reply', tarpit, reply: renderReply(template, context, grpc, cause) };
}

/** Also the directive `redirect`. */
export function compileRedirect(input: ActionInput): Apply | null {
  let kind: RedirectTemplate['kind'] | null = null;
  let value: LogFormat | null = null;
  let code = 302;
  const flags = { dropQuery: false, appendSlash: false, ignoreEmpty: false };
  const cookies: string[] = [];
  for (let word = input.next(); word !== undefined; word = input.next()) {
    const choice = input.choice(word, "word of 'redirect'", ['location', 'prefix', 'scheme', 'code', 'drop-query', 'append-slash', 'ignore-empty', 'set-cookie', 'clear-cookie']);
    if (choice === null) return null;
    if (choice === 'drop-query') flags.dropQuery = true;
    else if (choice === 'append-slash') flags.appendSlash = true;
    else if (choice === 'ignore-empty') flags.ignoreEmpty = true;
    else if (choice === 'code') {
      const given = input.integer('the code', 301, 308);
      if (given === null) return null;
      if (![301, 302, 303, 307, 308].includes(given)) {
        input.error(`the code of a redirect is 301, 302, 303, 307 or 308, not ${given}`, word.position);
        return null;
      }
      code = given;
    } else if (choice === 'set-cookie' || choice === 'clear-cookie') {
      const cookie = input.require('a cookie');
      if (cookie === null) return null;
      const bare = cookie.text.replace(/=$/, '');
      cookies.push(choice === 'set-cookie' ? `${cookie.text}; path=/;` : `${bare}=; path=/; Max-Age=0;`);
    } else {
      kind = choice;
      value = input.format('where to go');
      if (value === null) return null;
    }
  }
  if (kind === null || value === null) {
    input.error("'redirect' needs one of location, prefix, scheme", input.position);
    return null;
  }
  const template: RedirectTemplate = { kind, value, code, cookies, ...flags };
  return (context) => {
    const host = context.request === null ? '' : (hostOf(context.request) ?? '');
    const path = context.request === null ? '/' : (pathAndQuery(context.request) ?? '/');
    const reply = renderRedirect(template, context, host, path);
    return reply === null ? null : { kind: 'reply', tarpit: false, reply };
  };
}

function auth(input: ActionInput): Apply | null {
  let realm = input.scope.proxy;
  if (input.peek()?.text === 'realm') {
    input.next();
    const word = input.require('the realm');
    if (word === null) return null;
    realm = fromConfiguration(word.text);
  }
  if (!nothingMore(input)) return null;
  const challenge = `Basic realm="${realm.replace(/["\\]/g, String.raw`\$&`)}"`;
  const template: ReplyTemplate = { status: 401, contentType: null, body: null, errorPage: false, page: null, refusal: true, headers: [{ name: 'www-authenticate', value: { text: challenge, constant: challenge, render: () => challenge } }] };
  return (context) => ({ kind: 'reply', tarpit: false, reply: renderReply(template, context, isGrpc(context), 'a user name and a password are needed') });
}

const HTTP = ['http-request', 'http-response', 'http-after-response'] as const;
const TCP = ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content'] as const;

function nothingMore(input: ActionInput): boolean {
  const word = input.next();
  if (word !== undefined) input.error(`unexpected '${word.text}'`, word.position);
  return word === undefined;
}

export const FINAL_ACTIONS: readonly Action[] = [
  {
    name: 'allow', parameter: null, usage: 'allow', sets: HTTP, summary: 'No further rules of this set are looked at.',
    compile: (input) => (nothingMore(input) ? () => ACCEPT : null),
  },
  {
    name: 'accept', parameter: null, usage: 'accept', sets: TCP, summary: 'No further rules of this set are looked at.',
    compile: (input) => (nothingMore(input) ? () => ACCEPT : null),
  },
  {
    name: 'auth', parameter: null, usage: 'auth [realm <text>]', sets: ['http-request'],
    summary: 'Asks for a user name and a password: status 401, for gRPC calls UNAUTHENTICATED. Its condition says who need not be asked: unless { http_auth(NAME) }.',
    compile: auth,
  },
  {
    name: 'deny', parameter: null, usage: 'deny [deny_status <code>] [default-errorfiles|errorfile <file>|errorfiles <section>] [content-type <type>] [string|lf-string|file|lf-file <body>] [hdr <name> <format>]...',
    sets: ['http-request', 'http-response'],
    summary: 'The stream ends with status 403 (502 in http-response), or with another. A gRPC call ends with the grpc-status that the gRPC specification '
      + "gives for that HTTP status, or with the one in 'hdr grpc-status'.",
    compile: (input) => refusal(input, input.set === 'http-response' ? 502 : 403, 'deny_status', false),
  },
  {
    name: 'redirect', parameter: null, usage: 'redirect location|prefix|scheme <format> [code <code>] [drop-query] [append-slash] [ignore-empty] [set-cookie|clear-cookie <cookie>]',
    sets: ['http-request', 'http-response'], summary: 'The client is sent elsewhere.', compile: compileRedirect,
  },
  {
    name: 'reject', parameter: null, usage: 'reject', sets: ['http-request', ...TCP],
    summary: 'An HTTP/2 stream is reset, a raw connection closed, without an answer.',
    compile: (input) => (nothingMore(input) ? () => ({ kind: 'reject', cause: `${input.set} reject of ${input.scope.proxy}` }) : null),
  },
  {
    name: 'return', parameter: null, usage: 'return [status <code>] [default-errorfiles|errorfile <file>|errorfiles <section>] [content-type <type>] [string|lf-string|file|lf-file <body>] [hdr <name> <format>]...',
    sets: ['http-request', 'http-response'],
    summary: 'The stream ends with this response, status 200 unless given. A gRPC call gets a status of 400 and above as the grpc-status that it stands for.',
    compile: (input) => {
      const template = replyTemplate(input, 200, 'status');
      if (template === null) return null;
      const cause = `${input.set} return of ${input.scope.proxy}`;
      return (context) => decide(template, context, false, cause);
    },
  },
  {
    name: 'silent-drop', parameter: null, usage: 'silent-drop', sets: ['http-request', 'http-response', ...TCP],
    summary: 'The connection is closed at once, with all its streams. (HAProxy hides even the closing, which Node.js cannot.)',
    compile: (input) => {
      const word = input.next();
      if (word?.text === 'rst-ttl') input.error("'rst-ttl' is not supported by Pillion: Node.js cannot set it", word.position, 'leave it out');
      else if (word !== undefined) input.error(`unexpected '${word.text}'`, word.position);
      return word === undefined ? () => ({ kind: 'drop', cause: `${input.set} silent-drop of ${input.scope.proxy}` }) : null;
    },
  },
  {
    name: 'tarpit', parameter: null, usage: 'tarpit [deny_status <code>] [...]', sets: ['http-request'],
    summary: "As deny, with status 500, after 'timeout tarpit' (else 'timeout connect').", compile: (input) => refusal(input, 500, 'deny_status', true),
  },
];
