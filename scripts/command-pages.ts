// Writes docs/commands/*.md and the manual page, man/hypermorph.1, from the parser of the command line, so that they say what it
// accepts.
//
//   node --import tsx scripts/command-pages.ts
//
// test/cli/command-pages.test.ts fails where they are not current.

import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Command, Option} from 'commander';
import {examplesOf} from '../src/cli/common-options.js';
import {createProgram} from '../src/cli/program.js';
import {renderManPage} from './support/man-page.js';

const ROOT = join(import.meta.dirname, '..');
export const PAGES_FOLDER = join(ROOT, 'docs', 'commands');
export const MAN_PAGE = join(ROOT, 'man', 'hypermorph.1');

/** The parser with all commands, which says nothing. */
export function silentProgram(): Command {
  const silent = {write: () => true};
  return createProgram({stdout: silent, stderr: silent});
}

/** File name -> content of every page. */
export function renderCommandPages(): ReadonlyMap<string, string> {
  const {commands} = silentProgram();
  const pages = new Map(commands.map((command) => [`${command.name()}.md`, renderPage(command)]));
  return pages.set('README.md', renderIndex(commands));
}

const GENERATED =
  '<!-- Written by scripts/command-pages.ts from the parser. Do not edit: change the command, then run the script. -->';

function renderIndex(commands: readonly Command[]): string {
  const lines = commands.map(
    (command) => `- [\`hypermorph ${command.name()}\`](${command.name()}.md): ${command.summary()}`,
  );
  return `${GENERATED}\n\n# Commands\n\n${lines.join('\n')}\n`;
}

function renderPage(command: Command): string {
  const name = `hypermorph ${command.name()}`;
  const sections = [
    GENERATED,
    `# ${name}`,
    escapeAngles(command.description()),
    `\`\`\`\n${name} ${command.usage()}\n\`\`\``,
    ...renderArguments(command),
    '## Options',
    command.options.map(renderOption).join('\n'),
    ...renderExamples(command),
  ];
  return `${sections.join('\n\n')}\n`;
}

function renderArguments({registeredArguments}: Command): readonly string[] {
  if (registeredArguments.length === 0) return [];
  const lines = registeredArguments.map(
    (argument) => `- \`<${argument.name()}>\`: ${escapeAngles(argument.description)}`,
  );
  return ['## Arguments', lines.join('\n')];
}

function renderOption(option: Option): string {
  const notes: string[] = [];
  if (option.argChoices) notes.push(`one of ${option.argChoices.map(code).join(', ')}`);
  if (option.defaultValue !== undefined) notes.push(`default ${code(String(option.defaultValue))}`);
  if (option.mandatory) notes.push('required');
  const suffix = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `- ${code(option.flags)}: ${escapeAngles(option.description)}${suffix}`;
}

function renderExamples(command: Command): readonly string[] {
  const examples = examplesOf(command);
  if (examples.length === 0) return [];
  return [
    '## Examples',
    ...examples.map(({purpose, command: text}) => `${purpose}\n\n\`\`\`sh\n${text}\n\`\`\``),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

/** `<fixed>` in running text would vanish as an unknown HTML tag. */
function escapeAngles(text: string): string {
  return text.replace(/<([\w.]+)>([\w.]*\w)?/g, '`<$1>$2`');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const pages = [...renderCommandPages()].map(([name, content]) => [
    join(PAGES_FOLDER, name),
    content,
  ]);
  for (const [path, content] of [...pages, [MAN_PAGE, renderManPage(silentProgram())]]) {
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, content);
  }
}
