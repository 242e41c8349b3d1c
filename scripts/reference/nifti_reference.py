"""Write the small NIfTI files in test/fixtures/nifti and what nibabel reads in them.

    python scripts/reference/nifti_reference.py

needs Python 3 with numpy and nibabel (scripts/provide-python.js installs them). The result is committed; the tests compare
our reader with `expected.json` and need no Python. Running it again gives the same bytes.
"""

import gzip
import itertools
import json
import shutil
import struct
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform

FOLDER = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "nifti"
TYPES = ["uint8", "int16", "int32", "float32", "float64", "int8", "uint16", "uint32", "int64", "uint64"]
OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.3, -0.2, 0.5) @ np.diag([1.5, 2.0, 3.25]), [-12.5, 30.25, 7.0]
)
random = np.random.default_rng(20240)
expected = {}


def image_class(version, pair=False):
    return {
        (1, False): nib.Nifti1Image,
        (2, False): nib.Nifti2Image,
        (1, True): nib.Nifti1Pair,
        (2, True): nib.Nifti2Pair,
    }[version, pair]


def make(data, affine, version=1, order="<", pair=False, sform=1, qform=1):
    header = image_class(version, pair).header_class(endianness=order)
    header.set_data_dtype(data.dtype)
    image = image_class(version, pair)(data, affine, header, dtype=data.dtype)
    image.header.set_xyzt_units("mm", "sec")
    image.set_qform(affine if qform else None, qform)
    image.set_sform(affine if sform else None, sform)
    return image


def record(name, values=True, **more):
    image = nib.load(FOLDER / name)
    entry = {
        "shape": list(image.shape),
        "affine": image.affine.ravel().tolist(),
        "orientation": "".join(nib.aff2axcodes(image.affine)),
        "datatype": image.header.get_data_dtype().newbyteorder("=").name,
        "intent": int(image.header["intent_code"]),
        **more,
    }
    if values:
        entry["values"] = np.asarray(image.dataobj, dtype=np.float64).ravel(order="F").tolist()
    expected[name] = entry


def save(image, name, **more):
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
    if name.endswith(".gz"):  # without the time of writing
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))
    record(name, **more)


def some_numbers(kind, shape=(3, 4, 5)):
    if kind.startswith("float"):
        return random.normal(scale=100, size=shape).astype(kind)
    limits = np.iinfo(kind)
    low, high = max(limits.min, -(2**52)), min(limits.max, 2**52)
    data = random.integers(low, high, size=shape, endpoint=True).astype(kind)
    data.flat[0], data.flat[1] = low, high
    return data


def all_types():
    for version, order, kind in itertools.product([1, 2], "<>", TYPES):
        side = {"<": "le", ">": "be"}[order]
        save(make(some_numbers(kind), OBLIQUE, version, order), f"types/n{version}_{side}_{kind}.nii")


def scaled():
    data = some_numbers("int16")
    for name, slope, inter in [
        ("slope_inter", 0.0754, 3100.75),
        ("negative_slope", -2.5, 10),
        ("slope_zero", 0, 77),
        ("slope_nan", np.nan, 5),
        ("slope_one_inter_zero", 1, 0),
    ]:
        for order, side in [("<", "le"), (">", "be")]:
            file = f"scaled/{name}_{side}.nii"
            save(make(data, OBLIQUE, order=order), file, values=False)
            bytes_ = bytearray((FOLDER / file).read_bytes())
            struct.pack_into(f"{order}ff", bytes_, 112, slope, inter)
            (FOLDER / file).write_bytes(bytes_)
            record(file)


def all_orientations():
    """Every permutation and flip of one small anisotropic volume; expected.json holds the affines, RAS.nii the voxels."""
    data = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5) ** 2 % 311
    affine = nib.affines.from_matvec(np.diag([1.0, 2.0, 3.5]), [-4, 10, 6.5])
    image = make(data.astype(np.int16), affine)
    start = io_orientation(affine)
    for axes in itertools.permutations(["RL", "AP", "SI"]):
        for code in itertools.product(*axes):
            change = ornt_transform(start, axcodes2ornt(code))
            turned = image.as_reoriented(change)
            matrix = affine @ inv_ornt_aff(change, data.shape)
            save(
                make(np.asarray(turned.dataobj), matrix),
                f"orientations/{''.join(code)}.nii",
                values=code == ("R", "A", "S"),
            )


def placements():
    data = np.zeros((4, 5, 6), np.uint8)
    rotations = {
        "half_turn_x": np.diag([1.0, -1, -1]),
        "half_turn_oblique": 2 * np.outer([0.6, 0.64, 0.48], [0.6, 0.64, 0.48]) - np.eye(3),
        "small_turn": nib.eulerangles.euler2mat(0.01, 0.02, -0.03),
        "large_turn": nib.eulerangles.euler2mat(2.1, -1.2, 2.9),
    }
    for name, rotation in rotations.items():
        for flip in [1, -1]:
            affine = nib.affines.from_matvec(rotation @ np.diag([1, 1.5, 2.5 * flip]), [5, -6, 7])
            hand = "" if flip > 0 else "_left_handed"
            save(make(data, affine, sform=0), f"placement/qform_{name}{hand}.nii", values=False)
            save(make(data, affine, 2, ">", sform=0), f"placement/n2_qform_{name}{hand}.nii", values=False)
            save(make(data, affine, qform=0), f"placement/sform_{name}{hand}.nii", values=False)
    sheared = OBLIQUE @ np.array([[1, 0.2, 0, 0], [0, 1, -0.1, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    save(make(data, sheared), "placement/sheared.nii", values=False)
    both = make(data, OBLIQUE)
    both.set_sform(np.diag([2.0, 2, 2, 1]), 4)
    save(both, "placement/disagree.nii", values=False)
    neither = make(data, np.diag([1.0, 2, 3, 1]), sform=0, qform=0)
    neither.header.set_zooms([1, 2, 3])
    save(neither, "placement/neither.nii", values=False)


def containers():
    data = some_numbers("float32")
    for version in [1, 2]:
        save(make(data, OBLIQUE, version, pair=True), f"pairs/n{version}.hdr")
        save(make(data, OBLIQUE, version, ">", pair=True), f"pairs/n{version}_be_gz.hdr.gz")
        image = FOLDER / f"pairs/n{version}_be_gz.img.gz"
        image.write_bytes(gzip.compress(gzip.decompress(image.read_bytes()), mtime=0))
    plain = (FOLDER / "types/n1_le_int16.nii").read_bytes()
    folder = FOLDER / "gzip"
    folder.mkdir()
    parts = [plain[:100], plain[100:400], b"", plain[400:]]
    for name, content in {
        "one_member": gzip.compress(plain, mtime=0),
        "four_members": b"".join(gzip.compress(part, mtime=0) for part in parts),
        "zero_padding": gzip.compress(plain, mtime=0) + bytes(1000),
    }.items():
        (folder / f"{name}.nii.gz").write_bytes(content)
        record(f"gzip/{name}.nii.gz")
    save(make(some_numbers("int16", (3, 4, 5, 1)), OBLIQUE), "axes/one_volume_4d.nii")
    save(make(some_numbers("int16", (3, 4, 5, 3)), OBLIQUE, 2, ">"), "axes/three_volumes_4d.nii")
    save(make(some_numbers("int16", (3, 4)), OBLIQUE), "axes/two_axes.nii")
    save(make(some_numbers("int16", (3, 4, 2, 2, 1, 2, 2)), OBLIQUE), "axes/seven_axes.nii")
    vectors = make(some_numbers("float32", (3, 4, 5, 1, 3)), OBLIQUE)
    vectors.header.set_intent("vector")
    save(vectors, "axes/vectors_5d.nii.gz")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for step in [all_types, scaled, all_orientations, placements, containers]:
        step()
    made_by = {
        "script": "scripts/reference/nifti_reference.py",
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "nibabel": nib.__version__,
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(expected.items())]
    text = f'{{"madeBy": {json.dumps(made_by)},\n"files": {{\n' + ",\n".join(lines) + "\n}}\n"
    (FOLDER / "expected.json").write_text(text)


main()
