/** The local sockets of agent and shim: lines of JSON, in pieces. */
import { REQUEST_LINE_BYTES_MAX } from '../../../protocol/control/limits.ts';
import { type Line, lineReader } from '../../../protocol/control/lines.ts';
import { decodeAnswer, decodeRequest, encodeLine } from '../../../protocol/control/messages.ts';
import { decodeRelayLine, encodeRelayLine } from '../../../protocol/control/relay-lines.ts';
import { bytesOf, must, type Target } from '../lib/target.ts';

const TIMER =
  '{"use":"sms-os","mode":"kick","nowayout":true,"action":"cycle","preAction":"warn","timeoutMs":30000,"pretimeoutMs":10000}';
const ORDER =
  '"op":"fence","host":"deimos","incarnation":0,"cmdId":"00112233445566778899aabbccddeeff","askedAtMs":5,"ttlMs":30000';
const LINE_BYTES_MAX = 256;

export const controlTarget: Target = {
  name: 'control',
  promise:
    'a line that is taken is written again with the same meaning, however it was cut, and any other is answered',
  covers:
    /^protocol\/(control\/(lines|messages|relay-lines)\.ts#|wire\/timer\.ts#(decode|checked))/,
  bytesMax: 700,
  limitMs: 10,
  seeds: [
    ` ${'x'.repeat(300)}\n{"id":1,"ask":"view"}\n`,
    ' {"id":1,"ask":"view"}\n',
    ' {"id":1,"ask":"records","host":"deimos"}\n{"id":2,"ask":"keys"}\r\n',
    ` {"id":3,"ask":"order","order":{${ORDER}},"who":"anna"}\n`,
    ` {"id":3,"ask":"order","order":{${ORDER},"args":{"override":true,"reason":"T-1","forS":9}}}\n`,
    ` {"id":3,"ask":"order","order":{${ORDER},"args":{"timer":${TIMER}}}}\n`,
    ` ${encodeRelayLine({ frame: Uint8Array.of(1, 2, 3) })}{"line":"open","why":"x","error":"y"}\n`,
  ].map(bytesOf),
  words: [
    '"op":"',
    '"host":"",',
    'disable',
    '__proto__',
    'constructor',
    '1e309',
    '-1',
    'null',
    '[]',
    '{}',
    '\n',
    '\r\n',
    '\\u0000',
    '"args":{',
    '"reason":"',
    '"who":"',
    '9007199254740993',
    TIMER,
  ].map(bytesOf),
  run: judgeLines,
};

/** The first byte says how the bytes are cut. */
function judgeLines(input: Uint8Array): void {
  const bytes = input.subarray(1);
  const pieceBytes = 1 + ((input[0] ?? 0) & 63);
  const lines = linesOf(bytes, bytes.length + 1);
  must(
    JSON.stringify(linesOf(bytes, pieceBytes)) === JSON.stringify(lines),
    'it does not matter where lines are cut',
  );
  const short = linesOf(bytes, pieceBytes, LINE_BYTES_MAX);
  must(short.length === lines.length, 'a line over the cap is answered once');
  lines.forEach((line, at) => {
    const fits = line.ok && Buffer.byteLength(line.value) < LINE_BYTES_MAX;
    must(!fits || short[at]?.ok === true, 'a line over the cap costs none of the others');
  });
  for (const line of lines) if (line.ok) judgeLine(line.value);
}

function linesOf(
  bytes: Uint8Array,
  pieceBytes: number,
  cap: number = REQUEST_LINE_BYTES_MAX,
): Line[] {
  const reader = lineReader(cap);
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    lines.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  return lines;
}

function judgeLine(line: string): void {
  const request = decodeRequest(line);
  if (request.ok) {
    const again = decodeRequest(encodeLine(request.value as never).trimEnd());
    must(
      again.ok && JSON.stringify(again.value) === JSON.stringify(request.value),
      'a request is written again with the same meaning',
    );
  } else
    must(
      request.detail !== '' && (request.id === null || Number.isSafeInteger(request.id)),
      'a bad request is answered',
    );
  decodeAnswer(line);
  const relayed = decodeRelayLine(line);
  const again = decodeRelayLine(encodeRelayLine(relayed).trimEnd());
  must(
    JSON.stringify(again) === JSON.stringify(relayed),
    'what is relayed is written again with the same meaning',
  );
}
