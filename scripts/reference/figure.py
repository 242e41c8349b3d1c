"""Draws docs/images/registration.png from real runs of the command line.

    python scripts/reference/figure.py

Needs numpy, nibabel, scipy and pillow, and a built package (npm ci).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.processing import resample_from_to
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
FIXED = ROOT / 'data/brain/icbm2009a_brain_1mm.nii.gz'
MOVING = ROOT / 'data/brain/colin27_brain_1mm.nii.gz'
LAMBDAS = (0.1, 0.8)
GRID_STEP = 6  # voxels between drawn lines
SCALE = 2


def register(folder, value):
    moved, warp = folder / f'moved_{value}.nii.gz', folder / f'warp_{value}.nii.gz'
    command = ['node', str(ROOT / 'bin/hypermorph.js'), 'register', '--lambda', str(value)]
    subprocess.run([*command, '-o', moved, '--warp', warp, FIXED, MOVING], check=True)
    return nib.load(moved), nib.load(warp)


def axial(volume, k):
    """Slice k, anterior up, left on the left, as grey levels."""
    plane = np.asarray(volume.dataobj, np.float32)[:, :, k]
    top = np.percentile(plane[plane > 0], 99.5)
    grey = np.clip(plane / top * 255, 0, 255).astype(np.uint8)
    image = Image.fromarray(grey.T[::-1])
    return image.resize((image.width * SCALE, image.height * SCALE), Image.BICUBIC)


def deformed_grid(warp, k):
    """Lines of the fixed grid, moved by the in-plane displacement (mm; the grid is 1 mm RAS, the file LPS)."""
    field = np.asarray(warp.dataobj, np.float32)[:, :, k, 0, :2] * (-1, -1)
    nx, ny = field.shape[:2]
    image = Image.new('L', (nx * SCALE, ny * SCALE), 0)
    draw = ImageDraw.Draw(image)

    def point(i, j):
        x, y = i + field[i, j, 0], j + field[i, j, 1]
        return x * SCALE, (ny - 1 - y) * SCALE

    for i in range(0, nx, GRID_STEP):
        draw.line([point(i, j) for j in range(ny)], fill=200)
    for j in range(0, ny, GRID_STEP):
        draw.line([point(i, j) for i in range(nx)], fill=200)
    return image


def main():
    folder = Path(tempfile.mkdtemp())
    fixed = nib.load(FIXED)
    k = fixed.shape[2] // 2
    before = resample_from_to(nib.load(MOVING), fixed, order=1)
    close, smooth = (register(folder, value) for value in LAMBDAS)
    panels = [
        ('fixed', axial(fixed, k)),
        ('moving, by its header', axial(before, k)),
        (f'moved, lambda {LAMBDAS[0]}', axial(close[0], k)),
        (f'moved, lambda {LAMBDAS[1]}', axial(smooth[0], k)),
        (f'deformation, lambda {LAMBDAS[0]}', deformed_grid(close[1], k)),
        (f'deformation, lambda {LAMBDAS[1]}', deformed_grid(smooth[1], k)),
    ]
    width, height, title = panels[0][1].width, panels[0][1].height, 18
    sheet = Image.new('L', (width * 3, (height + title) * 2), 0)
    draw = ImageDraw.Draw(sheet)
    for n, (text, panel) in enumerate(panels):
        x, y = n % 3 * width, n // 3 * (height + title)
        draw.text((x + 6, y + 3), text, fill=255)
        sheet.paste(panel, (x, y + title))
    output = ROOT / 'docs/images/registration.png'
    output.parent.mkdir(exist_ok=True)
    sheet.save(output, optimize=True)
    print(output, file=sys.stderr)


main()
