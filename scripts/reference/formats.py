"""Writes test/fixtures/formats: arrays and weights as NumPy and the safetensors package themselves write them.

Made with Python 3.11, numpy 2.4.6 (2.2.6 for the .npz files), ml_dtypes 0.6.0, safetensors 0.8.0:
    python scripts/reference/formats.py
The numbers are stated again in expected.json, so that no other reader is needed to check ours.
"""
import json
import pathlib

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / 'test' / 'fixtures' / 'formats'
OUT.mkdir(parents=True, exist_ok=True)

ramp = np.arange(24).reshape(2, 3, 4)
arrays = {
    'ramp': (ramp / 8 - 1).astype('<f4'),
    'scalar': np.array(2.5, '<f4'),
    'empty': np.zeros((0, 3), '<f4'),
    'vector': np.arange(5, dtype='<f4'),
}
np.savez_compressed(OUT / 'numpy.npz', **arrays)
np.savez(OUT / 'numpy-fortran.npz', fortran=np.asfortranarray(arrays['ramp']))

weights = {
    'plain': (ramp / 8 - 1).astype(np.float32),
    'half': np.array([0, -0.0, 1, -2.5, 65504, 6.1e-5, 6e-8, 1 / 3, np.inf], np.float16),
    'brain': np.array([0, -0.0, 1, -2.5, 3e38, 1e-40, 1 / 3, np.inf], ml_dtypes.bfloat16),
    'scalar': np.array(7, np.float32),
}
save_file(weights, OUT / 'python.safetensors', metadata={'note': 'written by Python', 'unicode': 'λ = 0.3'})

halves = np.array(
    [0, 1, -1, 1 / 3, 65504, 65519.9, 65520, 1e9, 6.1e-5, 6e-8, 2.9e-8, 2.98e-8, 2.99e-8, 1e-9, 2049, 2051, 1e-40, 0.1],
    np.float32,
)
with np.errstate(over='ignore'):
    rounded16 = halves.astype(np.float16)
roundedb = halves.astype(ml_dtypes.bfloat16)


def numbers(array):
    values = array.astype(np.float64).ravel().tolist()
    return {'shape': list(array.shape), 'data': [v if np.isfinite(v) else 'Infinity' for v in values]}


expected = {
    'npz': {k: numbers(v) for k, v in arrays.items()},
    'safetensors': {k: numbers(v) for k, v in weights.items()},
    'rounding': {
        'float32': halves.astype(np.float64).tolist(),
        'float16': rounded16.view(np.uint16).tolist(),
        'bfloat16': roundedb.view(np.uint16).tolist(),
    },
}
(OUT / 'expected.json').write_text(json.dumps(expected) + '\n')
