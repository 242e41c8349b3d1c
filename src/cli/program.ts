import {Command, CommanderError} from 'commander';
import {HypermorphError, recogniseMemoryError} from '../errors.js';
import {VERSION} from '../version.js';
import {applyCommand} from './commands/apply/options.js';
import {batchCommand} from './commands/batch/options.js';
import {completionCommand} from './commands/completion/options.js';
import {composeCommand} from './commands/compose/options.js';
import {convertCommand} from './commands/convert/options.js';
import {doctorCommand} from './commands/doctor/options.js';
import {evaluateCommand} from './commands/evaluate/options.js';
import {importCommand} from './commands/import/options.js';
import {infoCommand} from './commands/info/options.js';
import {invertCommand} from './commands/invert/options.js';
import {jacobianCommand} from './commands/jacobian/options.js';
import {registerCommand} from './commands/register/options.js';
import {trainCommand} from './commands/train/options.js';
import {addExamples} from './common-options.js';
import type {CliContext, CommandContext} from './context.js';
import {EXIT, EXIT_MEANINGS, exitCodeOf} from './exit-codes.js';
import type {LogOptions} from './logger.js';
import {shortened} from './printable.js';
import {errorInOptionWords, inOptionWords} from './option-words.js';

/** Every command, in the order of the help: how it is declared, and the module that is loaded when it runs. */
const COMMANDS = [
  define(registerCommand, () => import('./commands/register/run.js')),
  define(batchCommand, () => import('./commands/batch/run.js')),
  define(applyCommand, () => import('./commands/apply/run.js')),
  define(convertCommand, () => import('./commands/convert/run.js')),
  define(composeCommand, () => import('./commands/compose/run.js')),
  define(invertCommand, () => import('./commands/invert/run.js')),
  define(jacobianCommand, () => import('./commands/jacobian/run.js')),
  define(trainCommand, () => import('./commands/train/run.js')),
  define(evaluateCommand, () => import('./commands/evaluate/run.js')),
  define(infoCommand, () => import('./commands/info/run.js')),
  define(importCommand, () => import('./commands/import/run.js')),
  define(doctorCommand, () => import('./commands/doctor/run.js')),
  define(completionCommand, () => import('./commands/completion/run.js')),
];

interface CommandModule<Options> {
  readonly run: (
    options: Options,
    context: CommandContext,
    args: readonly string[],
  ) => Promise<void>;
}

function define<Options extends object>(
  declare: () => Command,
  load: () => Promise<CommandModule<Options>>,
): (context: CliContext) => Command {
  return (context) => {
    const command = declare();
    const words = (text: string) => inOptionWords(text, command);
    for (const option of command.options) {
      const parse = option.parseArg;
      if (parse === undefined) continue;
      option.parseArg = <T>(text: string, earlier: T): T => {
        try {
          return parse(text, earlier);
        } catch (error) {
          throw errorInOptionWords(error, command);
        }
      };
    }
    return command.action(async () => {
      const {run: runCommand} = await load();
      try {
        const surroundings = {...context, inOptionWords: words, program: command.parent!};
        await runCommand(command.opts<Options>(), surroundings, command.args);
      } catch (error) {
        throw errorInOptionWords(error, command);
      }
    });
  };
}

const AFTER_HELP = `
Exit codes:
${[...EXIT_MEANINGS].map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`).join('\n')}

Results go to stdout, everything else to stderr. Help on one command: hypermorph help register`;

/** The parser with all commands. */
export function createProgram(context: CliContext): Command {
  const program = new Command('hypermorph')
    .description(
      'Register medical volumes with a network whose trade-off between accuracy and smoothness (lambda) is chosen when registering.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .configureOutput({
      outputError: () => undefined, // said by reportError, as all other errors are
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    });
  addExamples(program, [
    {
      purpose: 'Register an image to another one:',
      command: 'hypermorph register fixed.nii.gz moving.nii.gz',
    },
  ]);
  for (const create of COMMANDS) {
    const command = create(context);
    program.addCommand(
      command.copyInheritedSettings(program).helpOption('-h, --help', 'show this help'),
    );
  }
  return program;
}

/**
 * Run a command line.
 *
 * @param argv - Without the names of the interpreter and the script.
 * @returns The exit code.
 */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync([...argv], {from: 'user'});
    return EXIT.done;
  } catch (caught) {
    // The help, or the version, was all that was wanted; or the help was shown because nothing was.
    if (caught instanceof CommanderError && caught.exitCode === 0) return EXIT.done;
    if (caught instanceof CommanderError && caught.code === 'commander.help') return EXIT.usage;
    const error =
      caught instanceof CommanderError
        ? usageError(caught, argv, program)
        : recogniseMemoryError(caught);
    await reportError(error, argv, context);
    return exitCodeOf(error);
  }
}

/** What the parser refuses, as an error of ours. */
function usageError(
  {message}: CommanderError,
  [first]: readonly string[],
  {commands}: Command,
): HypermorphError {
  const [fault, suggestion] = message.replace(/^error: /, '').split('\n');
  const isOfCommand = commands.some((command) => command.name() === first);
  const sentence = fault.replace(/\.?$/, '.');
  const hint =
    suggestion?.replace(/^\((.*)\)$/, '$1') ??
    `\`hypermorph ${isOfCommand ? `${first} ` : ''}--help\` shows how it is used.`;
  return new HypermorphError('E_USAGE', isOfCommand ? `${first}: ${sentence}` : sentence, {hint});
}

/** One line: a sentence, or an object with code, message, hint and exit code. */
async function reportError(
  error: unknown,
  argv: readonly string[],
  context: CliContext,
): Promise<void> {
  const {createLogger} = await import('./logger.js');
  const logger = await createLogger(context, logOptionsIn(argv));
  const exitCode = exitCodeOf(error);
  if (error instanceof HypermorphError) {
    const {cause, code, hint} = error;
    if (cause instanceof Error) logger.debug({stack: cause.stack}, cause.message);
    logger.error({code, hint, exitCode}, shortened(error.message));
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logger.error(
    {exitCode},
    `This is a fault of hypermorph ${VERSION}; please report it with these lines.\n${stack}`,
  );
}

/** The log options of a command line whose command has already failed. */
function logOptionsIn(argv: readonly string[]): LogOptions {
  const at = argv.findIndex((argument) => argument.startsWith('--log-format'));
  const text = at < 0 ? undefined : (argv[at].split('=')[1] ?? argv[at + 1]);
  return {
    json: argv.includes('--json'),
    quiet: argv.includes('--quiet') || argv.includes('-q'),
    verbose: argv.includes('--verbose'),
    logFormat: text === 'json' || text === 'pretty' ? text : undefined,
  };
}
