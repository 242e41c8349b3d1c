"""Finds the affines by which `register` brings every two brains together, for network.py.

    python affines.py FOLDER affines.npz

FOLDER has train/ and val/ with *_t1.nii.gz. Maps of voxel numbers, of the first brain to the second, [N, N, 4, 4] each.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import nibabel
import numpy

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def affine(fixed, moving):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        words = ["node", os.path.join(ROOT, "bin", "hypermorph.js"), "register", fixed, moving, "--quiet", "--threads", "1"]
        words += ["--model", "none", "--refine", "none", "--report", report, "--moved", os.path.join(folder, "moved.nii.gz")]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        with open(report) as file:
            rows = json.load(file)["affine"]["matrix"]
    world = numpy.vstack([numpy.reshape(rows, (3, 4)), [0, 0, 0, 1]])
    return numpy.linalg.inv(nibabel.load(moving).affine) @ world @ nibabel.load(fixed).affine


def between_all(folder):
    paths = sorted(glob.glob(f"{folder}/*_t1.nii.gz"))
    pairs = [(a, b) for a in range(len(paths)) for b in range(len(paths)) if a != b]
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        found = list(executor.map(lambda pair: affine(paths[pair[0]], paths[pair[1]]), pairs))
    affines = numpy.tile(numpy.eye(4), (len(paths), len(paths), 1, 1))
    for (a, b), values in zip(pairs, found):
        affines[a, b] = values
    return affines


def main(folder, output):
    numpy.savez(output, train=between_all(f"{folder}/train"), val=between_all(f"{folder}/val"))


if __name__ == "__main__":
    main(*sys.argv[1:])
