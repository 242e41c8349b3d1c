// The thread on which a Keras file is read, see `decodeKerasFile`.

import {answerHdf5} from '../formats/hdf5-thread.js';
import {decodeHere} from './keras-file.js';

await answerHdf5(decodeHere);
