/**
 * Serial switches as data: what each model wants to hear, and what it answers.
 *
 * `SERIAL_MODELS` is what a configuration is checked by, `SERIAL_WORDS` what the driver says and hears.
 *
 * In what is sent, `<plug>` is the plug as text, `<byte>` its number as one byte, and `<sum>` the low byte of
 * the sum of all bytes before it. An answer is a pattern (a regular expression, with `<plug>`) that must fit
 * all that came until the line was quiet: half an answer, or an answer and a half, is none. All
 * lines are 8N1 without flow control. Characters are bytes.
 *
 * - lcus: LCUS-1 to -8 and its kin, a CH340 and bare relays. Frames A0, relay, 0 or 1, sum; not answered. FF asks
 *   newer boards, which answer a line for each relay; older ones are silent (`readable = false`).
 *   Sellers' sheets for the frames; github.com/Brasme/usb_ch340_4x_relay_control and
 *   github.com/Pebble94464/lcus-usb-relay-module-controller for the answers; both need a pause after each.
 * - numato: USB relay boards of Numato Lab, a command line with echo and prompt. The first line after the
 *   port is opened may hold what was there before, so an empty one goes ahead. numato.com/docs.
 * - wti-rps10: Western Telematic RPS-10, a master and up to nine more on one line, with a fixed password before
 *   each command. Opening the port resets its interface, which is ready after 5 to 10 s.
 *   github.com/ClusterLabs/cluster-glue, lib/plugins/stonith/rps10.c.
 */

/** What must be known of a model to take a table of it. */
export interface SerialModel {
  /** A pattern of the plugs that it has. */
  plugs: string;
  /** The longest time of an answer; without one, the pause that a command needs. */
  answerMs: number;
}

export const SERIAL_MODELS: Record<string, SerialModel> = {
  lcus: { plugs: '[1-8]', answerMs: 250 },
  numato: { plugs: '[0-9A-V]', answerMs: 250 },
  'wti-rps10': { plugs: '[0-9]', answerMs: 1_000 },
};

export interface SerialWords {
  baud: number;
  on: string;
  off: string;
  /** The answer to either; absent where there is none. */
  done?: string | undefined;
  /** Asks for the state of a plug; absent, with its answers, where that cannot be read. */
  ask?: string | undefined;
  isOn?: string | undefined;
  isOff?: string | undefined;
  /** Sent after the port was opened; what comes back is dropped. */
  hello?: string | undefined;
  /** What it says by itself when it is ready after the port was opened, and how long that takes. */
  ready?: string;
  readyMs?: number;
}

/** Plain literals only: so the bundle of the agent, which does not use it, is made without it. */
export const SERIAL_WORDS: Record<string, SerialWords> = {
  lcus: {
    baud: 9_600,
    on: '\xa0<byte>\x01<sum>',
    off: '\xa0<byte>\x00<sum>',
    ask: '\xff',
    isOn: '(?:CH\\d: ?O(?:N|FF) *\\r\\n)*CH<plug>: ?ON *\\r\\n(?:CH\\d: ?O(?:N|FF) *\\r\\n)*',
    isOff: '(?:CH\\d: ?O(?:N|FF) *\\r\\n)*CH<plug>: ?OFF *\\r\\n(?:CH\\d: ?O(?:N|FF) *\\r\\n)*',
  },
  numato: {
    baud: 19_200,
    on: 'relay on <plug>\r',
    off: 'relay off <plug>\r',
    done: '\\s*relay o(?:n|ff) <plug>\\s*>\\s*',
    ask: 'relay read <plug>\r',
    isOn: '\\s*relay read <plug>\\s+on\\s*>\\s*',
    isOff: '\\s*relay read <plug>\\s+off\\s*>\\s*',
    hello: '\r',
  },
  'wti-rps10': {
    baud: 9_600,
    on: '\x02\x18\x18\x02\x18\x18<plug>1\r',
    off: '\x02\x18\x18\x02\x18\x18<plug>0\r',
    done: '\\s*Plug <plug> O(?:n|ff)\\s+Complete\\s*',
    ask: '\x02\x18\x18\x02\x18\x18<plug>?\r',
    isOn: '\\s*Plug <plug> On\\s+Complete\\s*',
    isOff: '\\s*Plug <plug> Off\\s+Complete\\s*',
    ready: 'RPS-10 Ready',
    readyMs: 12_000,
  },
};
