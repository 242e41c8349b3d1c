import type {CommandWords, OptionWords, ProgramWords} from './words.js';

/** A script for zsh, to be found by its fpath or to be sourced: the specifications of zsh's own `_arguments` (zshcompsys(1)). */
export function zshScript({commands, options}: ProgramWords): string {
  const names = commands.map(({name, about}) => `    ${quoted(`${name}:${about}`)}`);
  return `#compdef hypermorph
# Completion of hypermorph for zsh.
_hypermorph() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments ${options.map(optionSpecification).join(' ')}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _hypermorph ]]; then
  _hypermorph "$@"
else
  compdef _hypermorph hypermorph
fi
`;
}

function commandCase({name, options, choices}: CommandWords): string {
  const rest = choices.length === 0 ? '*:file:_files' : `1:word:(${choices.join(' ')})`;
  const lines = [...options.map(optionSpecification), quoted(rest)];
  return `    ${name})
      _arguments \\
        ${lines.join(' \\\n        ')} ;;`;
}

/** `'(-m --model)'{-m+,--model=}'[about]:value:_files'`. */
function optionSpecification({
  short,
  long,
  takesValue,
  choices,
  isRepeatable,
  about,
}: OptionWords): string {
  const value = !takesValue
    ? ''
    : choices.length === 0
      ? ':value:_files'
      : `:value:(${choices.join(' ')})`;
  const text = quoted(`[${about.replace(/[[\]\\]/g, '\\$&')}]${value}`);
  const [atShort, atLong] = takesValue ? ['+', '='] : ['', ''];
  const spellings = short === undefined ? [] : [`${short}${atShort}`];
  const all = [...spellings, `${long}${atLong}`];
  const written = all.length === 1 ? all[0] : `{${all.join(',')}}`;
  const others = short === undefined ? long : `${short} ${long}`;
  return isRepeatable ? `'*'${written}${text}` : `'(${others})'${written}${text}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
