"""Brings two protocols of labelling deep nuclei to one numbering, on the grids of the images they are used with.

    python make_nuclei.py FOLDER BRAIN_DATA

Colin27 was labelled by the AAL protocol; the labels in MNI space follow Neuromorphometrics' and are brought to the templates'
grids by the nearest voxel. Numbers: 1 to 6 hippocampus, amygdala, caudate, putamen, pallidum and thalamus of the left, 7 to 12
of the right.
"""

import sys
from pathlib import Path

import nibabel
import numpy

AAL = [37, 41, 71, 73, 75, 77, 38, 42, 72, 74, 76, 78]
NEUROMORPHOMETRICS = [48, 32, 37, 58, 56, 60, 47, 31, 36, 57, 55, 59]


def renumber(labels, numbers):
    result = numpy.zeros(labels.shape, numpy.uint8)
    for place, number in enumerate(numbers):
        result[labels == number] = place + 1
    return result


def on_grid(labels, affine, reference):
    """Nearest voxel, by the headers."""
    to_voxel = numpy.linalg.inv(affine) @ reference.affine
    index = numpy.stack(numpy.meshgrid(*map(numpy.arange, reference.shape[:3]), indexing="ij"), -1)
    nearest = numpy.floor(index @ to_voxel[:3, :3].T + to_voxel[:3, 3] + 0.5).astype(int)
    inside = ((nearest >= 0) & (nearest < labels.shape)).all(-1)
    result = numpy.zeros(reference.shape[:3], labels.dtype)
    result[inside] = labels[tuple(nearest[inside].T)]
    return result


def main(folder, data):
    folder, data = Path(folder), Path(data)

    def save(name, labels, affine):
        nibabel.save(nibabel.Nifti1Image(labels, affine), folder / f"nuclei_{name}.nii.gz")

    colin = nibabel.load(data / "colin27_aal_labels_1mm.nii.gz")
    save("colin27", renumber(numpy.asarray(colin.dataobj), AAL), colin.affine)
    atlas = nibabel.load(data / "mni152_neuromorphometrics_1p5mm.nii.gz")
    nuclei = renumber(numpy.asarray(atlas.dataobj), NEUROMORPHOMETRICS)
    for name, image in (("mni152", "mni152_t1_2mm"), ("icbm2009a", "icbm2009a_brain_1mm")):
        reference = nibabel.load(data / f"{image}.nii.gz")
        save(name, on_grid(nuclei, atlas.affine, reference), reference.affine)


main(*sys.argv[1:])
