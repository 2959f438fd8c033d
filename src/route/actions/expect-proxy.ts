/** `tcp-request connection expect-proxy layer4`: a PROXY header comes first, on the connections that the rule's condition is for. */
import { done } from './headers.ts';
import type { Action } from './action.ts';

export const EXPECT_PROXY: Action = {
  name: 'expect-proxy', parameter: null, usage: 'expect-proxy layer4', sets: ['tcp-request connection'],
  summary: "The connection begins with a PROXY protocol header, as with 'accept-proxy' of 'bind'; later sets of rules see what it says.",
  compile: (input) => {
    const layer = input.require("'layer4'");
    if (layer === null || input.choice(layer, 'layer', ['layer4']) === null || !done(input)) return null;
    return (context) => {
      context.session.expectsProxy = true;
      return null;
    };
  },
};
