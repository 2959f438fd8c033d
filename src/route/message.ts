/** A header section that rules may change. The list that came is shared and stays as it is; the first change copies it. */
import { FieldList, type Field } from '../model/fields.ts';

export class Message {
  readonly #list: FieldList;
  readonly #http1: boolean;
  #edited: Field[] | null = null;
  #result: FieldList | null = null;

  /** @param http1 it goes to an HTTP/1 peer, where blanks around a value mean nothing; in HTTP/2 they are an error (RFC 9113 §8.2.1). */
  constructor(list: FieldList, http1 = false) {
    this.#list = list;
    this.#http1 = http1;
  }

  get originForm(): boolean {
    return this.#list.originForm;
  }

  get fields(): readonly Field[] {
    return this.#edited ?? this.#list.fields;
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

  /** Replaces the fields `name` by one, where the first stood. Pseudo-fields stay in front. */
  set(name: string, value: string): void {
    const fields = this.#edit();
    const at = fields.findIndex((field) => field.name === name);
    const field = { name, value: this.#clean(value), neverIndexed: at >= 0 && (fields[at] as Field).neverIndexed };
    if (at < 0) {
      this.#insert(fields, field);
      return;
    }
    fields[at] = field;
    for (let i = fields.length - 1; i > at; i--) if ((fields[i] as Field).name === name) fields.splice(i, 1);
  }

  add(name: string, value: string): void {
    this.#edit().push({ name, value: this.#clean(value), neverIndexed: false });
  }

  /** Removes the fields whose names `matches`; pseudo-fields are not asked about. */
  remove(matches: (name: string) => boolean): void {
    if (!this.fields.some(({ name }) => !name.startsWith(':') && matches(name))) return;
    this.#edited = this.#edit().filter(({ name }) => name.startsWith(':') || !matches(name));
  }

  /** Replaces the values of `name` by what `change` makes of them. */
  replace(name: string, change: (value: string) => string): void {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as Field;
      if (field.name !== name) continue;
      const value = change(field.value);
      if (value !== field.value) this.#edit()[i] = { ...field, value: this.#clean(value) };
    }
  }

  /** The list as it is now; the one that came when nothing was changed, the last one made of it when the changes are the same. */
  toList(): FieldList {
    const edited = this.#edited;
    if (edited === null) return this.#list;
    if (this.#result !== null) return this.#result;
    const last = this.#list.changed;
    if (last !== null && same(last.fields, edited)) return (this.#result = last);
    let size = 0;
    for (const { name, value } of edited) size += name.length + value.length + 32;
    // The array is the list's from now on: the next change copies it.
    const list = new FieldList(edited, size);
    list.originForm = this.#list.originForm;
    return (this.#result = this.#list.changed = list);
  }

  #edit(): Field[] {
    if (this.#edited === null) this.#edited = this.#list.fields.slice();
    else if (this.#result !== null) this.#edited = this.#edited.slice();
    this.#result = null;
    return this.#edited;
  }

  /** What a rule writes may come from the client: no line may end within a value (RFC 9113 §8.2.1). */
  #clean(value: string): string {
    if (!/[\0\r\n]|^[ \t]|[ \t]$/.test(value)) return value;
    const line = value.replace(/[\0\r\n]+/g, ' ');
    return this.#http1 ? line : line.trim();
  }

  #insert(fields: Field[], field: Field): void {
    if (field.name.startsWith(':')) fields.unshift(field);
    else fields.push(field);
  }
}

function same(a: readonly Field[], b: readonly Field[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const left = a[i] as Field;
    const right = b[i] as Field;
    if (left !== right && (left.name !== right.name || left.value !== right.value || left.neverIndexed !== right.neverIndexed)) return false;
  }
  return true;
}
