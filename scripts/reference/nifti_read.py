"""Print what nibabel reads in NIfTI files, as JSON, one entry for each path.

    python scripts/reference/nifti_read.py image.nii warp.nii.gz …

test/interop/nibabel.test.ts runs it on files that we wrote.
"""

import json
import sys

import nibabel as nib
import numpy as np


def describe(path):
    image = nib.load(path)
    header = image.header
    qform, qform_code = image.get_qform(coded=True)
    sform, sform_code = image.get_sform(coded=True)
    data = np.asarray(image.dataobj)
    return {
        "shape": list(image.shape),
        "affine": image.affine.ravel().tolist(),
        "qform": None if qform is None else qform.ravel().tolist(),
        "sform": None if sform is None else sform.ravel().tolist(),
        "codes": [int(qform_code), int(sform_code)],
        "zooms": [float(zoom) for zoom in header.get_zooms()[:3]],
        "datatype": data.dtype.newbyteorder("=").name,
        "units": list(header.get_xyzt_units()),
        "intent": [int(header["intent_code"]), header["intent_name"].item().decode("latin-1")],
        "description": header["descrip"].item().decode("latin-1"),
        "valuesInDiskOrder": data.ravel(order="F").tolist(),
    }


print(json.dumps([describe(path) for path in sys.argv[1:]]))
