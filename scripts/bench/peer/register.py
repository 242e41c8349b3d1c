"""What hypermorph's command `register` does, as a Python script with nibabel and PyTorch: the peer of the whole command.

    python register.py MODEL LAMBDA FIXED MOVING MOVED WARP THREADS

Both images lie on one grid whose sizes are multiples of 16. Writes the moved image and the warp (LPS mm, intent 1007), .nii.gz.
"""

import sys

import nibabel
import numpy
import torch

from network import Network, read_model


def normalise(values):
    return (values - values.min()) / (values.max() - values.min())


def main(model, weight, fixed_path, moving_path, moved_path, warp_path, threads):
    torch.set_num_threads(int(threads))
    description, weights = read_model(model)
    fixed, moving = nibabel.load(fixed_path), nibabel.load(moving_path)
    images = [numpy.asarray(image.dataobj, dtype=numpy.float32) for image in (fixed, moving)]
    layout = torch.channels_last_3d
    tensors = [torch.from_numpy(normalise(image))[None, None].contiguous() for image in images]
    with torch.inference_mode():
        network = Network(description["architecture"], weights, layout)
        hyperparameters = torch.tensor([[float(weight)]])
        displacement = network.integrate(network.velocity(tensors[1], tensors[0], hyperparameters))
        moved = network.warp(torch.from_numpy(images[1])[None, None], displacement)

    header = fixed.header.copy()
    header.set_data_dtype(numpy.float32)
    nibabel.save(nibabel.Nifti1Image(moved[0, 0].numpy(), fixed.affine, header), moved_path)
    to_lps = numpy.diag([-1.0, -1.0, 1.0]) @ fixed.affine[:3, :3]
    vectors = displacement[0].permute(1, 2, 3, 0).numpy() @ to_lps.T.astype(numpy.float32)
    warp = nibabel.Nifti1Image(vectors[:, :, :, None, :].astype(numpy.float32), fixed.affine)
    warp.header["intent_code"] = 1007
    nibabel.save(warp, warp_path)


main(*sys.argv[1:])
