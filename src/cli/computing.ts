// All of `register` that needs TensorFlow.js: the slow part of the program to load, so it is loaded while the images are read.

export {startEngine} from '../engines/select.js';
export {RegistrationNetwork} from '../models/registration-network.js';
export {registerPair} from '../registration/register-pair.js';
