import {isOfLabeller} from '../models/weight-specs.js';

/** What a training changes: all weights, or those of the labeller alone. */
export type Trained = 'all' | 'labeller';

/** Whether a training changes a weight. */
export function isTrained(weight: string, trains: Trained): boolean {
  return trains === 'all' || isOfLabeller(weight);
}
