"""Images of FreeSurfer, NRRD and MetaImage as nibabel and SimpleITK write and read them.

image_formats.py write FOLDER    writes images there, and prints JSON: a list of what they hold
image_formats.py read FILE ...   prints the same of files
image_formats.py fields FILE FOLDER   writes the displacement field FILE in other formats, and prints their names

Of each image: `name`, `shape`, `affine` (voxel -> RAS mm, twelve numbers, row by row), `datatype`, `values` (i fastest, then j, k and
volumes).
"""

import json
import os
import sys

import nibabel
import numpy as np
import SimpleITK as sitk

GRIDS = [
    ((5, 4, 3), (1.0, 1.0, 1.0), (0, 0, 0), 1),
    ((7, 3, 5), (0.9, 2.5, 1.3), (17, -33, 71), 1),
    ((4, 9, 2), (3.2, 0.7, 1.1), (-120, 15, 8), -1),
    ((1, 6, 5), (1.5, 1.5, 4.0), (40, 50, -60), -1),
]
TYPES = ["uint8", "int16", "uint16", "int32", "float32", "float64", "int8", "uint32", "int64", "uint64"]


def rotation(degrees):
    a, b, c = np.radians(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def affine_of(spacing, degrees, handedness):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(degrees) @ np.diag([1, 1, handedness]) @ np.diag(spacing)
    matrix[:3, 3] = [-31.25, 47.5, 12.125]
    return matrix


def numbers(shape, dtype, seed):
    random = np.random.default_rng(seed)
    if np.issubdtype(np.dtype(dtype), np.floating):
        return random.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -(2**40)), min(limits.max, 2**40)
    return random.integers(low, high, size=shape, endpoint=True, dtype=dtype)


def itk_image(values, affine):
    """An image of SimpleITK with values indexed [i, j, k] or [i, j, k, volume]."""
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    direction = lps[:3, :3] / spacing
    if values.ndim == 4:
        volumes = [itk_image(values[..., n], affine) for n in range(values.shape[3])]
        return sitk.JoinSeries(volumes)
    image = sitk.GetImageFromArray(np.ascontiguousarray(values.transpose()))
    image.SetSpacing(spacing.tolist())
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    return image


def described(name, values, affine, datatype):
    return {
        "name": name,
        "shape": list(values.shape),
        "affine": np.asarray(affine)[:3].ravel().tolist(),
        "datatype": datatype,
        "values": values.ravel(order="F").astype(float).tolist(),
    }


def write(folder):
    written = []
    for n, (shape, spacing, degrees, handedness) in enumerate(GRIDS):
        affine = affine_of(spacing, degrees, handedness)
        for dtype in TYPES:
            values = numbers(shape, dtype, n)
            for ending in [".nrrd", ".nhdr", ".mha", ".mhd"]:
                for compressed in [False, True]:
                    name = f"{n}_{dtype}_{'packed' if compressed else 'raw'}{ending}"
                    sitk.WriteImage(itk_image(values, affine), os.path.join(folder, name), compressed)
                    written.append(described(name, values, affine, dtype))
            if dtype in ["uint8", "int16", "int32", "float32"]:
                for ending in [".mgh", ".mgz"]:
                    name = f"{n}_{dtype}{ending}"
                    nibabel.save(nibabel.MGHImage(values, affine), os.path.join(folder, name))
                    written.append(described(name, values, affine, dtype))
        series = numbers((*shape, 3), "int16", n)
        for ending in [".nrrd", ".mha"]:
            name = f"{n}_series{ending}"
            sitk.WriteImage(itk_image(series, affine), os.path.join(folder, name), True)
            written.append(described(name, series, affine, "int16"))
        nibabel.save(nibabel.MGHImage(series, affine), os.path.join(folder, f"{n}_series.mgz"))
        written.append(described(f"{n}_series.mgz", series, affine, "int16"))
    return written


def fields(path, folder):
    image = sitk.ReadImage(path)
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    names = [f"{way}{ending}" for ending in [".nrrd", ".nhdr", ".mha", ".mhd"] for way in ["raw", "packed"]]
    for name in names:
        sitk.WriteImage(image, os.path.join(folder, name), name.startswith("packed"))
    return names


def read(path):
    if path.endswith((".mgh", ".mgz")):
        image = nibabel.load(path)
        return described(path, np.asarray(image.dataobj), image.affine, image.get_data_dtype().name)
    image = sitk.ReadImage(path)
    values = sitk.GetArrayFromImage(image).transpose()
    axes = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(axes, axes)[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = direction * np.array(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return described(path, values, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine, values.dtype.name)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    commands = {"write": write, "fields": fields, "read": lambda *paths: [read(path) for path in paths]}
    print(json.dumps(commands[command](*arguments)))
