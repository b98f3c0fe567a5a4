/** Guards of the sessions, each taken out by itself; mutants.mjs says what a mutant is. */
const SESSION = 'protocol/wire/session';

/** Mutants of the sessions by name. */
export const SESSION_MUTANTS = {
  replay: {
    world: 'handshake',
    what: 'a number that was heard before is taken again',
    changes: [[`${SESSION}/agent.ts`, "if (message.seq <= session.lastSeq) return 'replay';", '']],
  },
  oldwelcome: {
    world: 'handshake',
    what: 'one WELCOME opens a session twice',
    changes: [
      [
        `${SESSION}/lives.ts`,
        'if (life.answers.some((wNonce) => sameNonce(wNonce, welcome.wNonce))) return undefined;',
        '',
      ],
    ],
  },
  oldalive: {
    world: 'handshake',
    what: 'an ALIVE that was heard before is contact',
    changes: [
      [
        `${SESSION}/hear.ts`,
        "if (tick <= own.aliveTick || seq > own.lastSeq) return 'replay';",
        "if (seq > own.lastSeq) return 'replay';",
      ],
    ],
  },
  deafboard: {
    world: 'handshake',
    what: 'a HELLO that was seen before gets no answer',
    changes: [
      [
        `${SESSION}/handshake.ts`,
        '? { opened, replies: [known.welcome] }',
        '? { opened, replies: known.welcome.subarray(0, 0).length ? [] : [] }',
      ],
    ],
  },
  samenonce: {
    world: 'handshake',
    what: 'a host whose session is gone knocks with the nonce that was answered',
    changes: [[`${SESSION}/host.ts`, '? life.answers.length > 0', '? life.answers.length < 0']],
  },
};
