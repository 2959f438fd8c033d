/** Dates in the format of strftime(3), in the C locale, and with `%N` for the fraction of a second as HAProxy has it. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const pad = (value: number, width: number = 2, fill: string = '0'): string => String(value).padStart(width, fill);

/** `+0200` */
export function zone(date: Date, utc: boolean): string {
  const minutes = utc ? 0 : -date.getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(absolute / 60))}${pad(absolute % 60)}`;
}

/** @param value what `%N` is the fraction of, in `perSecond` */
export function formatTime(format: string, date: Date, utc: boolean, value: number, perSecond: number): string {
  // Local time read as if it were UTC: then only one set of getters is needed.
  const local = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const [hours, minutes, seconds, weekday] = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds(), local.getUTCDay()];
  const ordinal = Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const half = pad(hours % 12 === 0 ? 12 : hours % 12);
  const one = (letter: string): string => {
    switch (letter) {
      case 'a': return (DAYS[weekday] as string).slice(0, 3);
      case 'A': return DAYS[weekday] as string;
      case 'b':
      case 'h': return (MONTHS[month] as string).slice(0, 3);
      case 'B': return MONTHS[month] as string;
      case 'c': return `${one('a')} ${one('b')} ${one('e')} ${one('T')} ${year}`;
      case 'C': return pad(Math.floor(year / 100));
      case 'd': return pad(day);
      case 'D': return `${one('m')}/${one('d')}/${one('y')}`;
      case 'e': return pad(day, 2, ' ');
      case 'F': return `${year}-${one('m')}-${one('d')}`;
      case 'H': return pad(hours);
      case 'I': return half;
      case 'j': return pad(ordinal, 3);
      case 'm': return pad(month + 1);
      case 'M': return pad(minutes);
      case 'n': return '\n';
      case 'N': return perSecond === 1 ? '' : pad(Math.abs(value % perSecond), perSecond === 1000 ? 3 : 6);
      case 'p': return hours < 12 ? 'AM' : 'PM';
      case 'r': return `${half}:${one('M')}:${one('S')} ${one('p')}`;
      case 'R': return `${one('H')}:${one('M')}`;
      case 's': return String(Math.floor(date.getTime() / 1000));
      case 'S': return pad(seconds);
      case 't': return '\t';
      case 'T': return `${one('H')}:${one('M')}:${one('S')}`;
      case 'u': return String(weekday === 0 ? 7 : weekday);
      case 'w': return String(weekday);
      case 'x': return one('D');
      case 'X': return one('T');
      case 'y': return pad(year % 100);
      case 'Y': return String(year);
      case 'z': return zone(date, utc);
      case 'Z': return utc ? 'UTC' : (/\(([A-Z]{2,5})\)$/.exec(date.toString())?.[1] ?? zone(date, utc));
      case '%': return '%';
      default: return `%${letter}`;
    }
  };
  return format.replace(/%[EO]?([A-Za-z%])/g, (_all, letter: string) => one(letter));
}
