import type {Command, Option} from 'commander';
import {examplesOf} from '../../src/cli/common-options.js';
import {EXIT_MEANINGS} from '../../src/cli/exit-codes.js';
import {VERSION} from '../../src/version.js';

/** The manual page of a program and all its commands, in the macros of man(7). */
export function renderManPage(program: Command): string {
  const {commands} = program;
  return [
    '.\\" Written by scripts/command-pages.ts from the parser. Do not edit: change the command, then run the script.',
    `.TH HYPERMORPH 1 "" "hypermorph ${VERSION}" "User Commands"`,
    '.SH NAME',
    'hypermorph \\- deformable registration of medical volumes',
    '.SH SYNOPSIS',
    '.B hypermorph',
    '.I command',
    '.RI [ options ]',
    '.RI [ files ]',
    '.SH DESCRIPTION',
    ...paragraphs(program.description()),
    '.PP',
    'Results go to stdout, everything else to stderr.',
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      '.TP',
      `.B ${escape(command.name())}`,
      escape(command.summary()),
    ]),
    ...commands.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...[...EXIT_MEANINGS].flatMap(([code, meaning]) => ['.TP', `.B ${code}`, escape(meaning)]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B NO_COLOR',
    'If it holds any text, messages on a terminal have no colours.',
    '',
  ].join('\n');
}

function commandSection(command: Command): string[] {
  return [
    `.SH ${escape(`hypermorph ${command.name()}`).toUpperCase()}`,
    `.B ${escape(`hypermorph ${command.name()}`)}`,
    escape(command.usage()),
    '.PP',
    ...paragraphs(command.description()),
    ...command.registeredArguments.flatMap((argument) => [
      '.TP',
      `.I ${escape(argument.name())}`,
      escape(argument.description),
    ]),
    ...optionGroups(command),
    ...exampleLines(command),
  ];
}

/** Options under the headings of the help. */
function optionGroups(command: Command): string[] {
  const headings = [...new Set(command.options.map(({helpGroupHeading}) => helpGroupHeading))];
  return headings.flatMap((heading) => [
    `.SS ${escape((heading ?? 'Options:').replace(/:$/, ''))}`,
    ...command.options
      .filter(({helpGroupHeading}) => helpGroupHeading === heading)
      .flatMap((option) => ['.TP', `.B ${escape(option.flags)}`, escape(describe(option))]),
  ]);
}

/** What the help says of an option. */
function describe({description, argChoices, defaultValue}: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [`choices: ${argChoices.join(', ')}`]),
    ...(defaultValue === undefined ? [] : [`default: ${String(defaultValue)}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function exampleLines(command: Command): string[] {
  const examples = examplesOf(command).flatMap(({purpose, command: text}) => [
    '.PP',
    escape(purpose),
    '.PP',
    '.RS 4',
    '.EX',
    escape(text),
    '.EE',
    '.RE',
  ]);
  return ['.SS Examples', ...examples.slice(1)];
}

/** Paragraphs, and lists of lines that start with a dash. */
function paragraphs(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => {
    if (line === '') return ['.PP'];
    return line.startsWith('- ') ? ['.IP \\(bu 2', escape(line.slice(2))] : [escape(line)];
  });
  return lines.filter((line, n) => line !== '.PP' || !lines[n + 1]?.startsWith('.IP'));
}

/** A text that roff does not take for requests or escapes, in ASCII hyphens that can be copied. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/, '\\&$1');
}
