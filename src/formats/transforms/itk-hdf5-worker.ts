// The thread on which an HDF5 file of ITK is read, see `decodeItkHdf5`.

import {answerHdf5} from '../hdf5-thread.js';
import {readEntries} from './itk-hdf5.js';

await answerHdf5(readEntries);
