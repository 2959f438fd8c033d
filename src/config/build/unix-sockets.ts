/** `unix-bind` and the keywords of a `bind` into where its Unix socket is, and whose. */
import type { GlobalDraft } from '../draft.ts';
import type { BindAddress, SocketFileSettings } from '../model.ts';

export function toSocket(
  address: BindAddress, own: SocketFileSettings, { prefix, mode, user, group }: GlobalDraft['unixBind'],
): { readonly address: BindAddress; readonly socketFile: SocketFileSettings | null } {
  if (address.kind !== 'unix') return { address, socketFile: null };
  return {
    address: { kind: 'unix', path: `${prefix}${address.path}` },
    socketFile: { mode: own.mode ?? mode, user: own.user ?? user, group: own.group ?? group },
  };
}
