/**
 * A rule that searches source text must not trip over a comment that speaks of `setTimeout` or a string
 * that contains `catch`. There is no TypeScript parser to ask (the compiler is a native program now), and
 * the rules need none: it is enough to know which characters are code.
 *
 * So comments, and what stands between quotes, become spaces; quotes, line ends and positions stay. What
 * a template computes between `${` and `}` is code; one level of braces and backticks inside is enough.
 */

const COMMENT = String.raw`\/\/.*|\/\*[^]*?\*\/`;
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;
const INNER_TEMPLATE = String.raw`\x60(?:\\[^]|[^\x60\\])*\x60`;
const SLOT = String.raw`\$\{((?:[^{}\x60]|\{[^{}]*\}|${INNER_TEMPLATE})*)\}`;
const TEMPLATE = String.raw`\x60(?:\\[^]|${SLOT}|[^\x60\\])*\x60`;
/** A slash divides after a value and begins a pattern after anything else. */
const PATTERN = String.raw`(?<=(?:^|[(,=:[!&|?{};>+\n]|return|case)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n[])+\/`;

const NOT_CODE = new RegExp([COMMENT, STRING, TEMPLATE, PATTERN].join('|'), 'g');
const SLOTS = new RegExp(SLOT, 'g');

/** Blanks comments and the contents of strings, templates and patterns; every position is kept. */
export function maskCode(text: string): string {
  return text.replace(NOT_CODE, (token) => {
    if (/^\/[/*]/.test(token)) return blank(token);
    const inside = token.slice(1, -1);
    const kept = token.startsWith('`') ? maskTemplate(inside) : blank(inside);
    return `${token.charAt(0)}${kept}${token.charAt(0)}`;
  });
}

function maskTemplate(inside: string): string {
  let masked = '';
  let at = 0;
  for (const slot of inside.matchAll(SLOTS)) {
    masked += `${blank(inside.slice(at, slot.index))}\${${maskCode(slot[1] ?? '')}}`;
    at = slot.index + slot[0].length;
  }
  return masked + blank(inside.slice(at));
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
