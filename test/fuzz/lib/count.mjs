/**
 * A finished bundle, parsed once more, with a counter at the head of each function, arm, loop and case.
 * So what is counted is the very transform that ships, and nothing in it knows that it is counted.
 * `points.ts` reads the counters.
 */
import { parse } from 'acorn';

const EXPRESSION_ARMS = {
  ConditionalExpression: ['consequent', 'alternate'],
  LogicalExpression: ['right'],
  AssignmentPattern: ['right'],
};
const STATEMENT_ARMS = {
  IfStatement: ['consequent', 'alternate'],
  ForStatement: ['body'],
  ForInStatement: ['body'],
  ForOfStatement: ['body'],
  WhileStatement: ['body'],
  DoWhileStatement: ['body'],
  CatchClause: ['body'],
};
const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/**
 * `text`, a script, with its counters in `fuzzCounts` and where each of them stands in `fuzzPoints`.
 * `placeOf` says which file and line a place of it comes from, or undefined where it does not count.
 */
export function counted(text, placeOf) {
  const points = [];
  /** The function of the top level that is being visited. */
  let within = '';
  const inserts = [];
  const insert = (at, what) => inserts.push({ at, what });
  /** A new counter, as a statement or an operand; undefined where nobody wants to know. */
  const point = (at) => {
    const from = placeOf(at);
    if (from === undefined) return undefined;
    points.push([`${from.file}#${within}`, from.line]);
    return `$n[${points.length - 1}]++`;
  };
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node?.type !== 'string') return;
    const isOutermost = node.type === 'FunctionDeclaration' && within === '';
    if (isOutermost) within = node.id.name;
    const closing = openingsOf(node, point, insert);
    for (const key of Object.keys(node)) if (key !== 'loc') arm(node, key, visit, point, insert);
    for (const [at, what] of closing) insert(at, what);
    if (isOutermost) within = '';
  };
  visit(parse(text, { ecmaVersion: 'latest', sourceType: 'script', locations: true }));
  const parts = [];
  let from = 0;
  for (const { at, what } of inserts.toSorted((a, b) => a.at - b.at)) {
    parts.push(text.slice(from, at), what);
    from = at;
  }
  parts.push(text.slice(from));
  const head = `globalThis.fuzzPoints=${JSON.stringify(points)};const $n=globalThis.fuzzCounts=new Uint32Array(${points.length});`;
  return `"use strict";${head}\n${parts.join('')}`;
}

/** Puts a counter at the head of a function or a case; returns what closes it. */
function openingsOf(node, point, insert) {
  if (node.type === 'SwitchCase' && node.consequent.length > 0) {
    const counter = point(node.consequent[0].loc.start);
    if (counter !== undefined) insert(node.consequent[0].start, `${counter};`);
  }
  if (!FUNCTIONS.includes(node.type)) return [];
  const { body } = node;
  const isBlock = body.type === 'BlockStatement';
  // A directive must stay the first statement of its function.
  if (isBlock && body.body[0]?.directive !== undefined) return [];
  const counter = point(body.loc.start);
  if (counter === undefined) return [];
  insert(isBlock ? body.start + 1 : body.start, isBlock ? `${counter};` : `(${counter},`);
  return isBlock ? [] : [[body.end, ')']];
}

/** Visits one child, inside a counter where it is an arm. */
function arm(node, key, visit, point, insert) {
  const child = node[key];
  const isStatement = STATEMENT_ARMS[node.type]?.includes(key);
  if (isStatement && child === null) {
    const counter = point(node.loc.start);
    if (counter !== undefined) insert(node.end, `else{${counter}}`);
    return;
  }
  if (!isStatement && !EXPRESSION_ARMS[node.type]?.includes(key)) return visit(child);
  const counter = point(child.loc.start);
  if (counter === undefined) return visit(child);
  const isBlock = child.type === 'BlockStatement';
  if (isStatement)
    insert(isBlock ? child.start + 1 : child.start, `${isBlock ? '' : '{'}${counter};`);
  else insert(child.start, `(${counter},`);
  visit(child);
  if (!isStatement) insert(child.end, ')');
  else if (!isBlock) insert(child.end, '}');
}
