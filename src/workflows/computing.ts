// All of a registration that needs TensorFlow.js: slow to load, so it is loaded while the images are read.

export {startEngine} from '../engines/select.js';
export {openModel} from '../models/open-model.js';
export {registerPair} from '../registration/register-pair.js';
