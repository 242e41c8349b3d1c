// Finds what the program says when something is wrong: every error with its code and what to do, and every warning.

import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';

export interface Message {
  /** Of an error; a warning has none. */
  readonly code: string | null;
  readonly sentence: string;
  /** What to do, where the message does not say so itself. */
  readonly hint: string;
}

/** Files whose sentences are warnings, or reasons of a verdict. */
const OF_WARNINGS = /(warnings|quality)\.ts$|loss-watch\.ts$/;
/** Functions that are given a warning. */
const WARNS = /^(warn|warnings\.push)$/;
/** A shorter text is a word, not a sentence. */
const SHORTEST = 25;

/** All messages of a folder of sources, in the order of their files. */
export function findMessages(folder: string): readonly Message[] {
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap((path) => messagesIn(join(folder, path)));
}

function messagesIn(path: string): Message[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const codes = codesOfHelpers(source);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'HypermorphError') {
      const [code, text, options] = node.arguments ?? [];
      if (ts.isStringLiteral(code)) add(code.text, text, hintIn(options));
      return;
    }
    if (ts.isCallExpression(node)) {
      const code = codes.get(node.expression.getText());
      const isWarning = WARNS.test(node.expression.getText());
      if (code !== undefined) node.arguments.forEach((argument) => add(code, argument, ''));
      else if (isWarning) node.arguments.forEach((argument) => add(null, argument, ''));
      if (code !== undefined || isWarning) return;
    }
    if (ts.isVariableDeclaration(node) && /^(message|hint)$/.test(node.name.getText())) return;
    if (OF_WARNINGS.test(path) && isText(node)) return add(null, node, '');
    ts.forEachChild(node, visit);
  };
  const add = (code: string | null, text: ts.Node | undefined, hint: string): void => {
    const sentences = text === undefined ? [] : sentencesOf(text, source);
    for (const sentence of sentences) {
      if (sentence.length >= SHORTEST && /[.…]$/.test(sentence)) found.push({code, sentence, hint});
    }
  };
  visit(source);
  return found;
}

/** Functions of a file that make an error of their argument: their names, and the code. */
function codesOfHelpers(source: ts.SourceFile): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    const name =
      ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node) ? node.name?.getText() : '';
    const code =
      /new HypermorphError\(\s*'(E_\w+)',\s*(?:text|message|`\$\{\w+\}: [^`]*\$\{(?:text|fault|requirement|problem)\}[^`]*`)/.exec(
        node.getText(),
      )?.[1];
    if (code !== undefined && name && /^(fail|refuse|usage|damaged)$/.test(name)) {
      codes.set(name, code);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return codes;
}

function isText(node: ts.Node): node is ts.StringLiteral | ts.TemplateExpression {
  return ts.isStringLiteral(node) || ts.isTemplateExpression(node);
}

/** The sentences that an expression can be: a choice is two, what is put in is a name or an ellipsis. */
function sentencesOf(node: ts.Node, source: ts.SourceFile): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) {
    return [node.whenTrue, node.whenFalse].flatMap((one) => sentencesOf(one, source));
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [node.left, node.right].map((one) => sentencesOf(one, source));
    return left.flatMap((start) => right.map((end) => start + end));
  }
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({expression, literal}) => {
      const name = ts.isIdentifier(expression) ? `<${expression.text}>` : '…';
      return name + literal.text;
    });
    return [node.head.text + spans.join('')];
  }
  if (ts.isIdentifier(node)) return declaredText(node.text, source);
  return [];
}

/** The text of a constant of this file. */
function declaredText(name: string, source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isIt = ts.isVariableDeclaration(node) && node.name.getText() === name;
    if (isIt && node.initializer && !ts.isIdentifier(node.initializer)) {
      found.push(...sentencesOf(node.initializer, source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function hintIn(options: ts.Node | undefined): string {
  let hint = '';
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'hint') {
      hint = sentencesOf(node.initializer, node.getSourceFile()).join(' ');
    }
    ts.forEachChild(node, visit);
  };
  if (options) visit(options);
  return hint;
}
