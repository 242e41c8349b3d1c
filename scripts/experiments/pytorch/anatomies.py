"""Registers every training brain onto every other one, and packs the velocities for train.py: how one anatomy becomes another.

    python anatomies.py FOLDER velocities.npz

FOLDER has *_t1.nii.gz, LIA. Velocities are means of 2x2x2 voxels, in voxels of the images.
"""

import glob
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import nibabel
import numpy

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
# Voxels of velocity that one step of the packed, eight-bit numbers stands for.
UNIT = 0.1


def velocity(fixed, moving):
    """[3, i, j, k] of half the resolution."""
    with tempfile.TemporaryDirectory() as folder:
        svf = os.path.join(folder, "svf.nii.gz")
        words = ["node", os.path.join(ROOT, "bin", "hypermorph.js"), "register", fixed, moving, "--quiet", "--threads", "1"]
        words += ["--svf", svf, "--moved", os.path.join(folder, "moved.nii.gz")]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        image = nibabel.load(svf)
        lps = numpy.asarray(image.dataobj, dtype=numpy.float32)[:, :, :, 0]
    ras = lps * [-1, -1, 1]
    voxels = ras @ numpy.linalg.inv(image.affine[:3, :3]).T
    i, j, k = (length // 2 for length in voxels.shape[:3])
    means = voxels.reshape(i, 2, j, 2, k, 2, 3).mean((1, 3, 5))
    return numpy.clip(numpy.rint(means / UNIT), -127, 127).astype(numpy.int8).transpose(3, 0, 1, 2)


def main(folder, output):
    paths = sorted(glob.glob(f"{folder}/*_t1.nii.gz"))
    pairs = [(a, b) for a in range(len(paths)) for b in range(len(paths)) if a != b]
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        found = list(executor.map(lambda pair: velocity(paths[pair[0]], paths[pair[1]]), pairs))
    packed = numpy.zeros((len(paths), len(paths), *found[0].shape), numpy.int8)
    for (a, b), values in zip(pairs, found):
        packed[a, b] = values
    numpy.savez_compressed(output, velocities=packed, unit=UNIT)


if __name__ == "__main__":
    main(*sys.argv[1:])
