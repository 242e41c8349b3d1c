import {Command, type Option} from 'commander';
import {collect} from '../../common-options.js';
import {addRegistrationOptions} from '../register/options.js';

/** Whether an option may be given several times. */
export function isRepeatable({parseArg}: Option): boolean {
  return parseArg === collect;
}

/** A column of a table of pairs that says an option of `register`. */
export interface Column {
  readonly name: string;
  readonly option: Option;
}

/** Every option of a registration as a column. */
export function listColumns(): readonly Column[] {
  return addRegistrationOptions(new Command()).options.map((option) => ({
    name: option.name(),
    option,
  }));
}
