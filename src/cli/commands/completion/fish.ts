import type {CommandWords, OptionWords, ProgramWords} from './words.js';

/** A script for fish: one `complete` for each word (complete(1)). */
export function fishScript({commands, options}: ProgramWords): string {
  const start = '__fish_use_subcommand';
  return [
    '# Completion of hypermorph for fish.',
    ...commands.map(
      ({name, about}) => `complete -c hypermorph -n ${start} -f -a ${name} -d ${quoted(about)}`,
    ),
    ...options.map((option) => optionLine(option, start)),
    ...commands.flatMap(commandLines),
    '',
  ].join('\n');
}

function commandLines({name, options, choices}: CommandWords): string[] {
  const condition = `'__fish_seen_subcommand_from ${name}'`;
  const words = choices.join(' ');
  return [
    ...(words === '' ? [] : [`complete -c hypermorph -n ${condition} -f -a '${words}'`]),
    ...options.map((option) => optionLine(option, condition)),
  ];
}

function optionLine({short, long, takesValue, choices, about}: OptionWords, when: string): string {
  const spelling = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  const value = !takesValue ? '' : choices.length === 0 ? ' -r' : ` -x -a '${choices.join(' ')}'`;
  return `complete -c hypermorph -n ${when}${spelling}${value} -d ${quoted(about)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
