/**
 * TensorFlow.js' core registers no gradients in its Node build; its layers package does so when it is loaded.
 *
 * Import this file for its effect wherever something is differentiated.
 */
import '@tensorflow/tfjs-layers';
