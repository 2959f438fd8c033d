/**
 * Header lists (RFC 9113 §8.2) as the proxy carries them from one connection to another.
 *
 * Lists and fields are immutable and shared: the HPACK decoder returns the *same* list object for the same block while its
 * table has not changed, so whatever is computed from a list (see {@link FieldList.facts}) is computed once per list and not
 * once per request.
 */

/** One field line. Names and values are octets carried as latin1 strings; names are in lower case. */
export interface Field {
  readonly name: string;
  readonly value: string;
  /** Came as "never indexed" and must leave so (RFC 7541 §6.2.3, §7.1.3). */
  readonly neverIndexed: boolean;
}

/** What requests are asked about on their way, derived once per header list. Strings are as received. */
export interface RequestFacts {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  /** True when content-type is application/grpc or application/grpc+… (gRPC over HTTP/2, "Requests"). */
  readonly grpc: boolean;
  /** `package.Service` and `Method` of a gRPC path; empty when the path has another form. */
  readonly service: string;
  readonly rpc: string;
  /** Value of grpc-timeout in milliseconds, -1 when there is none. */
  readonly timeoutMs: number;
}

/** An immutable header list. */
export class FieldList {
  /** In wire order. Do not modify. */
  readonly fields: readonly Field[];
  /** Sum of name length + value length + 32 over all fields (RFC 7541 §4.1), bytes. */
  readonly size: number;
  /** Cache slot: the request's facts, filled in by grpc/request-facts.ts. */
  facts: RequestFacts | null = null;
  /**
   * Cache slot of h2/: 0 not yet validated, otherwise the verdict of the validation of RFC 9113 §8.2–8.3 in the role in which
   * the list was received.
   */
  validation = 0;
  /** Cache slot of h2/: the value of content-length; -1 none, -2 invalid, -3 not yet looked at. */
  contentLength = -3;
  /** An HTTP/1 request names its target by the path alone (RFC 9112 §3.2.1), which is all of its URI then. */
  originForm = false;
  /** Cache slot of route/: the last list that rules made of this one, so that the same changes give the same list. */
  changed: FieldList | null = null;
  /** Cache slot of h1/: the list as it was written last, and in which framing. */
  written: { readonly variant: string; readonly text: string } | null = null;
  #withoutName = '';
  #without: FieldList | null = null;

  constructor(fields: readonly Field[], size: number) {
    this.fields = fields;
    this.size = size;
  }

  /** Makes a list from name/value pairs, for fields that the proxy itself writes. */
  static of(...pairs: readonly (readonly [name: string, value: string])[]): FieldList {
    let size = 0;
    const fields = pairs.map(([name, value]): Field => {
      size += name.length + value.length + 32;
      return { name, value, neverIndexed: false };
    });
    return new FieldList(fields, size);
  }

  /** The fields of this list and, behind them, those of another. */
  and(more: FieldList): FieldList {
    const list = new FieldList([...this.fields, ...more.fields], this.size + more.size);
    list.originForm = this.originForm;
    return list;
  }

  /** The first value of `name` (lower case), or undefined. */
  get(name: string): string | undefined {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as Field;
      if (field.name === name) return field.value;
    }
    return undefined;
  }

  /** This list less every field called `name`; the same object if there is none. The last answer is remembered. */
  without(name: string): FieldList {
    if (this.#without !== null && this.#withoutName === name) return this.#without;
    let result: FieldList = this;
    if (this.get(name) !== undefined) {
      let size = 0;
      const kept = this.fields.filter((field) => field.name !== name);
      for (const field of kept) size += field.name.length + field.value.length + 32;
      result = new FieldList(kept, size);
    }
    this.#withoutName = name;
    this.#without = result;
    return result;
  }
}

/** A list without fields. */
export const NO_FIELDS: FieldList = new FieldList([], 0);
