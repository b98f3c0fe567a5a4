/** Groups of resources (S15): what the board grants, and what a shim takes for a grant. */
import type { Guard } from '../guard.ts';

const BOARD = 'firmware-agent/core/groups.ts';
const SHIM = 'host-shim/core/groups.ts';

const ONE = 'S15: one holder at a time';
const KNOWN = 'S15: nothing is granted before all other hosts of the group are known';
const MEMBER =
  'S15: granted to a member only, and not while it leaves, is cut or frozen, or two agents are heard';
const FREED = 'S15: only release, LEFT, proof, acknowledgement or a new life frees';
const OVERTAKEN = 'S15: what was overtaken, or is stale, does nothing';
const TAKEN = 'S15: a GRANT is taken for the present claim only, in time, and from the only agent';
const OUTLIVES = 'S15: what is held outlives a shim, and is reported';
const NO_LEFT = 'S15: no LEFT while a group may be held';

export const GROUPS: readonly Guard[] = [
  {
    name: 'what another host holds is not granted',
    rule: ONE,
    file: BOARD,
    find: "if (other !== undefined) return { group, answer: 'held', holder: other.host, why: '' };",
    put: '',
  },
  {
    name: 'a grant is remembered',
    rule: ONE,
    file: BOARD,
    find: '  hold(board, it, at, host.life.incarnation);\n',
    put: '',
  },
  {
    name: 'a host of which nothing is known keeps the others waiting',
    rule: KNOWN,
    file: BOARD,
    find: "if (unknown !== undefined) return { group, answer: 'waiting', holder: unknown, why: '' };",
    put: '',
  },
  {
    name: 'a stale claim is no report',
    rule: KNOWN,
    file: BOARD,
    find: '  words.isKnown = true;\n',
    put: '',
  },
  {
    name: 'a group is for its own hosts',
    rule: MEMBER,
    file: BOARD,
    find: "if (!hosts.includes(at)) return refused('it is no host of this group');",
    put: '',
  },
  {
    name: 'who leaves is granted nothing',
    rule: MEMBER,
    file: BOARD,
    find: "if (host.life.at !== 'present') return refused('it is leaving');",
    put: "if (host.life.at === 'absent') return refused('it is leaving');",
  },
  {
    name: 'a frozen host is granted nothing',
    rule: MEMBER,
    file: BOARD,
    find: "if (host.frozen !== undefined) return refused('it is frozen');",
    put: '',
  },
  {
    name: 'a victim is granted nothing',
    rule: MEMBER,
    file: BOARD,
    find: "if (host.fence !== undefined) return refused('it is being fenced, or was');",
    put: '',
  },
  {
    name: 'nothing is granted where two agents are heard',
    rule: MEMBER,
    file: BOARD,
    find: 'board.hosts.get(one)?.twoAgents === true',
    put: 'board.hosts.get(one)?.twoAgents === undefined',
  },
  {
    name: 'a report frees nothing',
    rule: FREED,
    file: BOARD,
    find: "const effects = word.kind === 'claim' ? list(board, host, word, now) : [];",
    put: `const effects = word.kind === 'claim' ? list(board, host, word, now) : [];
  if (word.kind === 'claim')
    drop(board, host, (_, held) => !word.held.includes(held), 'it was not listed', now);`,
  },
  {
    name: 'a LEFT from before a grant frees nothing',
    rule: FREED,
    file: BOARD,
    find: '({ tick }) => tick < left.echo',
    put: '() => true',
  },
  {
    name: 'a release frees its own group only',
    rule: FREED,
    file: BOARD,
    find: '(_, held) => held === group',
    put: '() => true',
  },
  {
    name: 'the same life goes on holding',
    rule: FREED,
    file: BOARD,
    find: '(holder) => holder.incarnation !== incarnation',
    put: '() => true',
  },
  {
    name: 'what an earlier life held is free',
    rule: FREED,
    file: BOARD,
    find: '(holder) => holder.incarnation !== incarnation',
    put: '() => false',
  },
  {
    name: 'a word of an earlier turn does nothing',
    rule: OVERTAKEN,
    file: BOARD,
    find: 'if (latest?.incarnation === incarnation && turn <= latest.turn) {',
    put: 'if (latest?.incarnation === incarnation && turn === latest.turn) {',
  },
  {
    name: 'the same turn is not taken twice',
    rule: OVERTAKEN,
    file: BOARD,
    find: 'return fresh && turn === latest.turn ? answer(word, latest.said) : [];',
    put: 'return [];',
  },
  {
    name: 'a stale claim is not granted, and a stale release frees nothing',
    rule: OVERTAKEN,
    file: BOARD,
    find: '  if (!fresh) return effects;\n',
    put: '',
  },
  {
    name: 'a GRANT of an earlier wish is not taken',
    rule: TAKEN,
    file: SHIM,
    find: ' || turn < wish.fromTurn) return [];',
    put: ') return [];',
  },
  {
    name: 'a GRANT later than the freshness limit is not taken',
    rule: TAKEN,
    file: SHIM,
    find: 'word.turn === turn && now - word.at <= groups.freshMs',
    put: 'word.turn === turn',
  },
  {
    name: 'a GRANT is not taken while another agent is in contact',
    rule: TAKEN,
    file: SHIM,
    find: '  if (lives().some((life) => !sameNonce(life, aNonce))) return [];\n',
    put: '',
  },
  {
    name: 'a GRANT of the life before is not taken once the next has a session',
    rule: TAKEN,
    file: SHIM,
    find: '    groups.sent = [];\n',
    put: '',
  },
  {
    name: 'what was asked for in vain is given back',
    rule: TAKEN,
    file: SHIM,
    find: "if (kind === 'unclaim' && hold !== 'free') {",
    put: "if (kind === 'unclaim') {",
  },
  {
    name: 'who gives up asking anew holds on',
    rule: OUTLIVES,
    file: SHIM,
    find: "if (kind === 'unclaim' && hold !== 'free') {",
    put: "if (kind === 'unclaim' && hold === 'unsure') {",
  },
  {
    name: 'a grant is on disk before it is told',
    rule: OUTLIVES,
    file: SHIM,
    find: 'return [...holdNow(groups, group), told];',
    put: 'return [told, ...holdNow(groups, group)];',
  },
  {
    name: 'each new session begins with a report',
    rule: OUTLIVES,
    file: SHIM,
    find: "if (news.kind === 'session' && groups.isOn) {",
    put: "if (news.kind === 'session' && groups.turn === 0) {",
  },
  {
    name: 'turns grow over a restart of the shim',
    rule: OUTLIVES,
    file: SHIM,
    find: 'const turn = Math.max(groups.turn + 1, Math.floor(now / GROUP_WORD_GAP_MS));',
    put: 'const turn = groups.turn + 1;',
  },
  {
    name: 'without a record the board is believed',
    rule: OUTLIVES,
    file: SHIM,
    find: "if (hold === 'unsure') return [...holdNow(groups, group), { kind: 'found', group }];",
    put: '',
  },
  {
    name: 'without a record nothing is claimed yet',
    rule: OUTLIVES,
    file: SHIM,
    find: "if (kind === 'release' || unspoken === 'free') wanted.push(group);",
    put: 'wanted.push(group);',
  },
  {
    name: 'a record that cannot be read frees nothing',
    rule: OUTLIVES,
    file: SHIM,
    find: "const held = remembered.at === 'read' ? remembered.held : configured;",
    put: "const held = remembered.at === 'read' ? remembered.held : [];",
  },
  {
    name: 'who may hold a group does not say LEFT',
    rule: NO_LEFT,
    file: 'host-shim/core/shim.ts',
    find: '    if (mayHold(shim.groups)) return finish(shim, effects);\n',
    put: '',
  },
];
