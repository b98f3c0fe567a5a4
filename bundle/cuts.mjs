/**
 * Some of our libraries do far more than we ask of them, in files that hold both what we use and what
 * we never will: a broker's half of MQTT, reconnection, CBOR's floats, maps and tags. Dead code costs a
 * board storage, time to start and an attack surface, and no bundler can tell that it is dead.
 *
 * So it is cut out of the source before esbuild reads it. A cut names the line where a block begins,
 * with its indentation; the block goes on over all deeper lines to the bracket that closes it. What is
 * cut must be there exactly once, and nothing that is left in the file may speak of it: an upgrade that
 * moves, renames or newly calls it fails the build, and says so. What is `emptied` stays as a function
 * that does nothing, because it does nothing with the options that we set.
 */

/** By file in node_modules; each list is cut in its order. */
export const CUTS = {
  'mqtt/build/lib/client.js': {
    // We have one connection a client: nothing comes back, nothing is taken up again.
    emptied: [
      ...['    _resubscribe() {', '    _setupReconnect() {', '    _clearReconnect() {'],
      // We set no topic alias and accept none.
      ...['    _applyTopicAlias(packet) {', '    _removeTopicAliasAndRecoverTopicName(packet) {'],
    ],
    cut: [
      ...['    publishAsync(', '    subscribeAsync(', '    unsubscribeAsync(', '    unsubscribe('],
      ...['    endAsync(', '    reconnect(', '    _reconnect(', '    removeOutgoingMessage('],
      ...['    getLastMessageId(', '    get serverProperties() {', '    handleAuth('],
    ],
  },
  'mqtt/build/lib/handlers/index.js': {
    cut: ["        case 'auth':", 'const auth_1 ='],
  },
  // Nothing is sent with QoS 2, and no subscription is ended.
  'mqtt/build/lib/handlers/ack.js': {
    cut: ["        case 'pubrec': {", "        case 'unsuback': {"],
  },
  // What a broker is sent, and what it sends when it knows no better.
  'mqtt-packet/mqtt.js': { cut: ['exports.generate ='] },
  'mqtt-packet/constants.js': {
    cut: ['protocol.MQTT5_UNSUBACK_CODES =', 'protocol.MQTT5_AUTH_CODES ='],
  },
  'mqtt-packet/parser.js': {
    cut: ['connect', 'subscribe', 'unsubscribe', 'unsuback', 'auth'].flatMap((packet) => [
      `        case '${packet}':`,
      `  _parse${packet[0].toUpperCase()}${packet.slice(1)} () {`,
    ]),
  },
  'mqtt-packet/writeToStream.js': {
    cut: ['connack', 'suback', 'unsubscribe', 'unsuback', 'auth'].flatMap((packet) => [
      `    case '${packet}':`,
      `function ${packet} (`,
    ]),
  },
  'bl/BufferList.js': {
    cut: ['_reverseOffset', 'getBuffers', 'get', 'shallowSlice', 'duplicate', 'prepend']
      .concat(['_prependBuffer', 'indexOf', '_match'])
      .map((name) => `BufferList.prototype.${name} =`),
  },
  '@serialport/bindings-cpp/dist/linux.js': {
    cut: [
      ...['    list() {', 'const linux_list_1 ='],
      ...['    async read(', 'const unix_read_1 =', '    async write(', 'const unix_write_1 ='],
    ],
  },
  // Our wire holds an array of whole numbers and byte strings (protocol/wire/codec.ts): no indefinite
  // length, no text, no map, no tag, no float. A `case` that is gone falls through to the error below it.
  'cbor-x/decode.js': {
    cut: [
      ...['\t\t\tcase 0x1f:', '\t\tcase 3:', '\t\tcase 5:', '\t\tcase 6:', '\t\tcase 7:'],
      ...['\tencodeKeys(', '\tdecodeKeys(', '\tmapDecode('],
      ...['export const _stream =', 'function isBuiltinScanTag(', 'const builtinScanTags ='],
      ...['const legacyRecordDefinition =', 'function decodeScanned(', 'function getScanTag('],
      ...[0, 1, 2, 3, 4, 5, 14, 15, 27, 28, 29, 51, 258]
        .concat(['LEGACY_RECORD_INLINE_ID', 'PACKED_REFERENCE_TAG_ID'])
        .map((tag) => `currentExtensions[${tag}] =`),
      ...[
        '(currentExtensions[259] =',
        'currentExtensions[28].handlesRead',
        'packedTable.handlesRead',
      ],
      ...['const packedTable =', 'currentExtensionRanges.push(', 'function combine('],
      ...['const recordDefinition =', 'function createStructureReader(', 'function safeKey('],
      ...['for (let i = 0; i < typedArrays.length', 'function registerTypedArray('],
      ...['function readBundleExt(', 'function readJustLength(', 'function getPackedValues('],
      // Nothing calls us back in the middle, so no state is put aside.
      ...['\tdecodeMultiple(', 'export const decodeMultiple =', '\t\tif (src) {'],
      ...['function loadShared(', 'function saveState('],
      ...['let readFixedString =', 'let readString8 =', 'let readString16 =', 'let readString32 ='],
      ...[
        'export function setExtractor(',
        'function readKey(',
        'let keyCache =',
        'function readExt(',
      ],
      ...['function readStringJS(', 'function longStringInJS(', 'function shortStringInJS('],
      'let fromCharCode =',
    ],
  },
};

/** Applies the cuts of one file; `name` is its key in `CUTS`, for the error. */
export function cutSource(name, source) {
  const { cut = [], emptied = [] } = CUTS[name];
  const lines = source.split('\n');
  const fail = (why) => {
    throw new Error(`bundle/cuts.mjs no longer fits ${name}: ${why}`);
  };
  const blockOf = (start) => {
    const at = lines.findIndex((line) => line.startsWith(start));
    if (at < 0) fail(`there is no line "${start}"`);
    if (lines.some((line, n) => n > at && line.startsWith(start)))
      fail(`"${start}" is there twice`);
    const depth = indentOf(lines[at]);
    let end = at + 1;
    while (end < lines.length && (lines[end].trim() === '' || indentOf(lines[end]) > depth))
      end += 1;
    const closes = /^\s*[}\])]/.test(lines[end] ?? '') && indentOf(lines[end]) === depth;
    return { at, end, closes };
  };
  for (const start of emptied) {
    const { at, end } = blockOf(start);
    lines.splice(at + 1, end - at - 1);
  }
  for (const start of cut) {
    const { at, end, closes } = blockOf(start);
    lines.splice(at, end - at + (closes ? 1 : 0));
  }
  const left = lines.join('\n');
  for (const start of cut) {
    if (mentionOf(start)?.test(left)) fail(`"${start}" is cut, and what is left speaks of it`);
  }
  return left;
}

function indentOf(line) {
  return line.length - line.trimStart().length;
}

/** How other code would speak of what a block defines; undefined where it defines nothing. */
function mentionOf(start) {
  const [, method] = /^(?:\s+(?:async )?|\w+\.prototype\.)(\w+) ?[(=]/.exec(start) ?? [];
  const [, local] = /^(?:export )?(?:function|const|let) (\w+) ?[(=]/.exec(start) ?? [];
  if (method !== undefined) return new RegExp(`(\\.|\\[')${method}\\b`);
  return local === undefined ? undefined : new RegExp(`\\b${local}\\b`);
}
