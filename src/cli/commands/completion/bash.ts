import type {CommandWords, OptionWords, ProgramWords} from './words.js';

/**
 * A script for bash: the words before the cursor say which words may stand there. Where the script knows none, bash offers files.
 *
 * bash cuts words at "=" (COMP_WORDBREAKS), so that in "--engine=na" the option is two words before the cursor.
 */
export function bashScript({commands, options}: ProgramWords): string {
  return `# Completion of hypermorph for bash.
_hypermorph() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then
    command=
  fi
  case $command in
    '') words='${[...commands.map(({name}) => name), ...spellings(options)].join(' ')}' ;;
${commands.map(commandCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _hypermorph hypermorph
`;
}

function commandCase({name, options, choices}: CommandWords): string {
  const withChoices = options.filter((option) => option.choices.length > 0);
  const withFiles = options.filter((option) => option.takesValue && option.choices.length === 0);
  const argument = choices.length === 0 ? '' : ` else words='${choices.join(' ')}';`;
  return `    ${name})
      case $before in
${withChoices.map((option) => `        ${pattern([option])}) words='${option.choices.join(' ')}' ;;\n`).join('')}${
    withFiles.length === 0 ? '' : `        ${pattern(withFiles)}) ;;\n`
  }        *) if [[ $current == -* ]]; then words='${spellings(options).join(' ')}';${argument} fi ;;
      esac ;;`;
}

function spellings(options: readonly OptionWords[]): string[] {
  return options.map(({long}) => long);
}

/** One of the ways to write one of the options. */
function pattern(options: readonly OptionWords[]): string {
  return options
    .flatMap(({short, long}) => (short === undefined ? [long] : [short, long]))
    .join(' | ');
}
