/** All converters by name. */
import { ARITHMETIC_CONVERTERS } from './arithmetic.ts';
import { ENCODING_CONVERTERS } from './encoding.ts';
import { HASH_CONVERTERS } from './hash.ts';
import { JSON_CONVERTERS } from './json.ts';
import { MAP_CONVERTERS } from './maps.ts';
import { TEXT_CONVERTERS } from './text.ts';
import { TIME_CONVERTERS } from './time.ts';
import type { Converter } from '../declare.ts';

export const CONVERTER_ROWS: readonly Converter[] = [
  ...TEXT_CONVERTERS, ...ARITHMETIC_CONVERTERS, ...ENCODING_CONVERTERS, ...HASH_CONVERTERS, ...JSON_CONVERTERS, ...MAP_CONVERTERS, ...TIME_CONVERTERS,
];

export const CONVERTERS: ReadonlyMap<string, Converter> = new Map(CONVERTER_ROWS.flatMap((row) => row.names.map((name) => [name, row] as const)));
