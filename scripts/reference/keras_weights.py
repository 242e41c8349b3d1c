"""Checksums of the weights in the golden .h5 files, read by h5py, and one such file as older programs wrote it.

Made with Python 3.11, h5py 3.16.0, numpy 2.4.6:
    python scripts/reference/keras_weights.py GOLDEN_FOLDER
GOLDEN_FOLDER holds models/*.h5 and training/*.h5 of the whole golden set.

test/fixtures/golden/weights.json: for every file, in the order in which Keras assigns them, each weight's name, shape and SHA-256.
test/fixtures/formats/keras-old.h5: the weights of models/vxm3d_renamed.h5 in a file whose names are fixed-length bytes, whose list
of layers is cut into pieces, and whose configuration uses the arguments of older versions (int_downsize, unet_half_res).
"""
import hashlib
import json
import pathlib
import sys

import h5py
import numpy as np

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / 'test' / 'fixtures'
golden = pathlib.Path(sys.argv[1])


def read_weights(path):
    """[(layer, name, array)] by order of layer_names and weight_names."""
    with h5py.File(path) as file:
        root = file['model_weights']
        return [
            (layer, name, root[layer][name][()])
            for layer in root.attrs['layer_names']
            for name in root[layer].attrs['weight_names']
        ]


checksums = {}
for path in sorted([*golden.glob('models/*.h5'), *golden.glob('training/*.h5')]):
    checksums[path.stem] = [
        [name.split(':')[0], list(array.shape), hashlib.sha256(array.astype('<f4').tobytes()).hexdigest()]
        for _, name, array in read_weights(path)
    ]
lines = ',\n'.join(f'{json.dumps(k)}: {json.dumps(v, separators=(",", ":"))}' for k, v in checksums.items())
(FIXTURES / 'golden' / 'weights.json').write_text('{\n' + lines + '\n}\n')

source = golden / 'models' / 'vxm3d_renamed.h5'
config = {
    'class_name': 'VxmDense',
    'config': {
        'inshape': [20, 24, 28],
        'nb_unet_features': [[8, 16], [16, 16, 8, 8]],
        'int_downsize': 2,
        'unet_half_res': True,
    },
}
weights = read_weights(source)
layers = list(dict.fromkeys(['input_1', *(layer for layer, _, _ in weights), 'transformer']))
with h5py.File(FIXTURES / 'formats' / 'keras-old.h5', 'w') as file:
    file.attrs['keras_version'] = np.bytes_('2.3.1')
    file.attrs['model_config'] = np.bytes_(json.dumps(config))
    root = file.create_group('model_weights')
    names = np.array([layer.encode() for layer in layers])
    root.attrs['layer_names0'], root.attrs['layer_names1'] = names[:4], names[4:]
    for layer in layers:
        group = root.create_group(layer)
        own = [(name, array) for of, name, array in weights if of == layer]
        group.attrs['weight_names'] = np.array([name.encode() for name, _ in own])
        for name, array in own:
            group[name] = array
