import {z} from 'zod';
import {trainingConfigSchema} from './training-config.js';

/** What a training configuration may hold, as a JSON Schema (json-schema.org), by which editors complete and check it. */
export function trainingJsonSchema(): object {
  return z.toJSONSchema(trainingConfigSchema, {io: 'input'});
}
