/** Guards of the core, each taken out by itself; mutants.mjs says what a mutant is. */
const CORE = 'firmware-agent/core';

/** Mutants of the core by name. */
export const CORE_MUTANTS = {
  noecho: {
    world: 'observers',
    what: 'a beat is fresh however old its echo is',
    changes: [
      [
        `${CORE}/hear.ts`,
        'ageMs !== undefined && ageMs <= host.freshnessMs',
        'ageMs !== undefined',
      ],
    ],
  },
  nodoubt: {
    world: 'observers',
    what: 'a stale beat that keeps pace raises no doubt',
    changes: [
      [
        `${CORE}/verdict.ts`,
        "nowAwake < host.doubtUntilAwake) return 'doubt'",
        "nowAwake < host.doubtUntilAwake - 1e9) return 'doubt'",
      ],
    ],
  },
  nolisten: {
    world: 'power',
    part: 1,
    what: 'a stall of the board counts as silence of the hosts',
    changes: [
      [
        `${CORE}/clock.ts`,
        'if (sinceJudgeMs <= loopLagMs) return 0;',
        'if (sinceJudgeMs >= 0) return 0;',
      ],
    ],
  },
  noshared: {
    world: 'observers',
    what: 'neither is suspected, nor waited for',
    changes: [
      [`${CORE}/verdict.ts`, "if (isHeld) return 'held';", ''],
      [
        `${CORE}/verdict.ts`,
        "if (host.held === undefined && awaitsCompany(board, host, now)) return 'company';",
        '',
      ],
    ],
  },
  noproof: {
    world: 'observers',
    part: 2,
    what: 'silence needs no proof that it would have been heard',
    changes: [
      [
        `${CORE}/verdict.ts`,
        "!isProven(host, listening)) return 'unproven'",
        "isProven(host, [])) return 'unproven'",
      ],
    ],
  },
  nofate: {
    world: 'observers',
    part: 2,
    what: 'near proof is enough on one channel alone',
    changes: [
      [`${CORE}/verdict.ts`, 'return near && fellTogether(host, listening);', 'return near;'],
    ],
  },
  nochannels: {
    world: 'observers',
    what: 'one silent channel is enough, though another is heard',
    changes: [
      [
        `${CORE}/verdict.ts`,
        'const silent = listening.every((w)',
        'const silent = listening.some((w)',
      ],
      [
        `${CORE}/verdict.ts`,
        'if (quick !== undefined && quick < warntimeMs)',
        'if (quick !== undefined && quick < 0)',
      ],
    ],
  },
  noavert: {
    world: 'observers',
    what: 'S5: neither a fresh beat before the cut nor a second look calls it off',
    changes: [
      [
        `${CORE}/fence.ts`,
        "if (event.kind === 'sign' && event.fresh && !ordered && !standing) {",
        "if (event.kind === 'released') {",
      ],
      [
        `${CORE}/carry-out.ts`,
        'return stands ? { yes: true } : refused(finding.bar);',
        'return { yes: true };',
      ],
      [
        `${CORE}/carry-out.ts`,
        "if (finding.at !== 'silent') return refused(",
        "if (finding.at !== 'silent') return { yes: true };\n  if (host === undefined) return refused(",
      ],
    ],
  },
  bootdead: {
    world: 'power',
    part: 0,
    what: 'a host that this life of the agent never heard is judged as dead',
    changes: [
      [
        `${CORE}/judging.ts`,
        "if (life.at === 'absent') return [...effects, ...missAbsent(board, host, nowAwake, now)];",
        "if (life.at === 'absent') return host.fence || nowAwake - board.clock.startedAt < host.settings.timing.initdeadMs ? effects : [...effects, ...beginFence(board, host, { by: { kind: 'verdict' }, orders: [], evidence: [], text: '' }, now)];",
      ],
      [
        `${CORE}/carry-out.ts`,
        "if (host.life.at !== 'present') return refused(",
        "if (host.life.at === 'absent') return { yes: true };\n  if (host.life.at !== 'present') return refused(",
      ],
    ],
  },
  norevoke: {
    world: 'power',
    part: 1,
    what: 'a life that was reported fenced may speak again',
    changes: [
      [
        `${CORE}/carry-out.ts`,
        "    effects.push({ kind: 'retire', host: host.settings.host, incarnation });\n",
        '',
      ],
      [`${CORE}/hear.ts`, 'if (isOver) return', 'if (isOver && opened.seq < 0) return'],
    ],
  },
  resume: {
    world: 'power',
    part: 0,
    what: 'a start goes on with the cut that the disk remembers',
    changes: [
      [
        `${CORE}/start.ts`,
        'if (unfinished === undefined) return [];',
        "if (unfinished === undefined) return []; if (!unfinished.reported) { host.fence = { ...fenceOf(board, unfinished, { at: 'intent', since: now }, now), orders: [], by: { kind: 'verdict' } }; return [{ kind: 'journal', host: host.settings.host, fence: host.fence.id }]; }",
      ],
      [
        `${CORE}/carry-out.ts`,
        "if (host.life.at !== 'present') return refused(",
        "if (host.life.at === 'absent') return { yes: true };\n  if (host.life.at !== 'present') return refused(",
      ],
    ],
  },
  shorthold: {
    world: 'power',
    part: 1,
    what: 'the off-hold is cut short by one unit',
    changes: [
      [
        `${CORE}/proof.ts`,
        'facts.readUntil - offSince >= holdMs && believed',
        'facts.readUntil - offSince >= holdMs / 2 && believed',
      ],
    ],
  },
  nosense: {
    world: 'power',
    part: 1,
    what: 'a sense is believed that was never seen in both states, or that called a living host off',
    changes: [
      [
        `${CORE}/power.ts`,
        'return sense.seenOn && sense.seenOff && !sense.suspect;',
        'return true;',
      ],
      [
        `${CORE}/fence.ts`,
        'const contradicts = fence.darkTick !== undefined && event.tick >= fence.darkTick;',
        'const contradicts = false;',
      ],
    ],
  },
  senseoff: {
    world: 'power',
    part: 1,
    what: 'every sense is taken to read off',
    changes: [
      [
        `${CORE}/power.ts`,
        'const { value, at } = sample;\n',
        "const { at } = sample;\n  const value = 'off' as Reading;\n  sample = { ...sample, value };\n",
      ],
      [
        `${CORE}/power.ts`,
        'return sense.seenOn && sense.seenOff && !sense.suspect;',
        'return true;',
      ],
    ],
  },
  senseon: {
    world: 'power',
    what: 'every sense is taken to read on: nothing is ever proven',
    changes: [
      [
        `${CORE}/power.ts`,
        'const { value, at } = sample;\n',
        "const { at } = sample;\n  const value = 'on' as Reading;\n  sample = { ...sample, value };\n",
      ],
    ],
  },
  novictim: {
    world: 'power',
    part: 4,
    what: 'the key of a host that is being fenced may order',
    changes: [
      [
        `${CORE}/order-rights.ts`,
        'if (isVictim(giver.fence) || giver.frozen !== undefined) {',
        'if (giver.frozen !== undefined) {',
      ],
      [
        `${CORE}/order-rights.ts`,
        "return rival ? { outcome: 'busy', detail: 'another fence' } : undefined;",
        'return rival ? undefined : undefined;',
      ],
    ],
  },
  notwice: {
    world: 'power',
    part: 1,
    what: 'an order that comes again is obeyed again',
    changes: [
      [
        `${CORE}/orders.ts`,
        'if (known !== undefined) return repeat(board, known, order);',
        'if (known !== undefined && known.final === undefined) return repeat(board, known, order);',
      ],
    ],
  },
  nolife: {
    world: 'power',
    part: 0,
    what: 'an order for another life of the board is obeyed',
    changes: [
      [`${CORE}/order-rights.ts`, 'if (order.life !== board.life)', "if (order.life === '')"],
      [
        `${CORE}/order-rights.ts`,
        'if (ageMs === undefined || ageMs > order.ttlMs)',
        'if (ageMs !== undefined && ageMs > order.ttlMs)',
      ],
      [
        `${CORE}/carry-out.ts`,
        'if (ageMs === undefined || ageMs > order.ttlMs) continue;',
        'if (ageMs !== undefined && ageMs > order.ttlMs) continue;',
      ],
    ],
  },
  nottl: {
    world: 'power',
    what: 'the answer of an order that expired before its cut is never given',
    changes: [
      [
        `${CORE}/fence.ts`,
        "return { ...goBack(fence, scene.now), deeds: [{ kind: 'called-off', outcome }] };",
        'return { ...goBack(fence, scene.now), deeds: outcome ? [] : [] };',
      ],
    ],
  },
  nolog: {
    world: 'power',
    part: 3,
    what: 'the intent of a cut is not written before it',
    changes: [
      [
        `${CORE}/fence.ts`,
        "unlogged: event.kind !== 'journalled' }, 0, scene)",
        'unlogged: false }, 0, scene)',
      ],
      [
        `${CORE}/begin.ts`,
        "{ kind: 'journal', host: host.settings.host, fence: fence.id },",
        "{ kind: 'save' },",
      ],
    ],
  },
  nojournal: {
    world: 'power',
    what: 'the disk must answer before the cut, and is waited for without end',
    changes: [
      [
        `${CORE}/fence.ts`,
        'scene.now - step.since >= JOURNAL_WAIT_MS',
        'scene.now - step.since >= 1e9 * JOURNAL_WAIT_MS',
      ],
    ],
  },
};
