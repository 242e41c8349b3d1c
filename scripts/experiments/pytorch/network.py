"""Trains the network of the shipped model with PyTorch on a GPU: what docs/experiments/brain-network.md describes.

    python affines.py FOLDER affines.npz
    python network.py FOLDER --affines affines.npz --velocities velocities.npz --minutes 20 --output network.safetensors

FOLDER has train/ and val/ with *_t1.nii.gz and *_labels.nii.gz, all of one shape. The weights are named and laid out as hypermorph's;
into-model.ts puts them into a model file. Needs torch, nibabel and safetensors.
"""

import argparse
import math

import numpy
import torch
import torch.nn.functional as F
import training
from painter import BRAINS, Painter, memberships, read_brains, read_velocities
from safetensors.numpy import load_file

# As in configs/default.yaml.
LAYERS, UNITS, RANK = 3, 16, 3
ENCODER = [16, 32, 48, 64]
DECODER = [64, 64, 48, 32, 32, 16]
SQUARINGS = 7
WINDOW = 5
# What numbers are made for at once: pairs of label maps count half.
LABELS = 0.5
LAMBDAS = [0.05, 0.3, 0.6, 0.9]


class HyperNetwork(torch.nn.Module):
    """hypermorph's registration network with velocities of half the resolution: one number in, all kernels of a U-Net out."""

    def __init__(self):
        super().__init__()
        self.dense = torch.nn.ModuleList(torch.nn.Linear(1 if n == 0 else UNITS, UNITS) for n in range(LAYERS))
        self.code = torch.nn.Linear(UNITS, RANK)
        self.bases, self.slopes = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        self.bias_bases, self.bias_slopes = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        self.plan = {}
        channels, levels = 2, len(ENCODER)
        for level, features in enumerate(ENCODER):
            self.add(f"enc_conv_{level}_0", channels, features)
            channels = features
        for index, features in enumerate(DECODER):
            level = levels - 1 - index
            self.add(f"dec_conv_{level}_0" if level >= 0 else f"dec_final_conv_{-level - 1}", channels, features)
            channels = features + (ENCODER[level] if level >= 1 else 0)
        self.flow = torch.nn.Conv3d(channels, 3, 3, padding=1)
        torch.nn.init.normal_(self.flow.weight, 0, 1e-3)
        torch.nn.init.zeros_(self.flow.bias)

    def add(self, name, inputs, outputs):
        """Kernels that begin much alike for every lambda."""
        deviation = math.sqrt(2 / (1 + 0.2**2) / (27 * inputs))
        self.plan[name] = (inputs, outputs)
        self.bases[name] = torch.nn.Parameter(deviation * torch.randn(27 * inputs * outputs))
        self.slopes[name] = torch.nn.Parameter(0.2 * deviation * torch.randn(RANK, 27 * inputs * outputs))
        self.bias_bases[name] = torch.nn.Parameter(torch.zeros(outputs))
        self.bias_slopes[name] = torch.nn.Parameter(torch.zeros(RANK, outputs))

    def forward(self, moving, fixed, weight):
        """Velocity [n, 3, i, j, k] at half of the resolution, voxels of its grid; one lambda for all."""
        code = weight.view(1, 1)
        for layer in self.dense:
            code = F.relu(layer(code))
        code = self.code(code)[0]

        def convolve(name, x):
            inputs, outputs = self.plan[name]
            kernel = (self.bases[name] + code @ self.slopes[name]).view(3, 3, 3, inputs, outputs).permute(4, 3, 0, 1, 2)
            return F.leaky_relu(F.conv3d(x, kernel, self.bias_bases[name] + code @ self.bias_slopes[name], padding=1), 0.2)

        x = torch.cat([moving, fixed], 1).contiguous(memory_format=torch.channels_last_3d)
        skips = []
        levels = len(ENCODER)
        for level in range(levels):
            x = convolve(f"enc_conv_{level}_0", x)
            skips.append(x)
            x = F.max_pool3d(x, 2)
        for level in reversed(range(levels)):
            x = convolve(f"dec_conv_{level}_0", x)
            if level >= 1:
                x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skips[level]], 1)
        for k in range(len(DECODER) - levels):
            x = convolve(f"dec_final_conv_{k}", x)
        with torch.autocast(x.device.type, enabled=False):
            return self.flow(x.float())

    def named(self):
        """hypermorph's names of the weights, each with the parameter laid out as in its files."""
        found = {}
        for n, layer in enumerate(self.dense):
            found[f"hypernetwork_dense_{n + 1}/kernel"] = layer.weight.T
            found[f"hypernetwork_dense_{n + 1}/bias"] = layer.bias
        found["hypernetwork_code/kernel"] = self.code.weight.T
        found["hypernetwork_code/bias"] = self.code.bias
        for name in self.plan:
            found[f"unet_{name}/hyperkernel_kernel"] = self.slopes[name]
            found[f"unet_{name}/hyperkernel_bias"] = self.bases[name]
            found[f"unet_{name}/hyperbias_kernel"] = self.bias_slopes[name]
            found[f"unet_{name}/hyperbias_bias"] = self.bias_bases[name]
        found["flow/kernel"] = self.flow.weight.permute(2, 3, 4, 1, 0)
        found["flow/bias"] = self.flow.bias
        return found

    def weights(self):
        return {name: numpy.ascontiguousarray(values.detach().float().cpu().numpy()) for name, values in self.named().items()}

    @torch.no_grad()
    def load(self, weights):
        for name, values in self.named().items():
            values.copy_(torch.from_numpy(weights[name]))


def warped(image, displacement, padding="border"):
    """image(x + u(x)); [n, 3, I, J, K] in voxels."""
    shape = image.shape[2:]
    axes = [torch.arange(length, device=image.device, dtype=torch.float32) for length in shape]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1) + displacement.permute(0, 2, 3, 4, 1)
    last = torch.tensor([length - 1 for length in shape], device=image.device)
    return F.grid_sample(image, (2 * grid / last - 1).flip(-1), padding_mode=padding, align_corners=True)


def integrated(velocity, size):
    """Scaling and squaring at the velocity's resolution, then as fine as the images; as VoxelMorph."""
    displacement = velocity / 2**SQUARINGS
    for _ in range(SQUARINGS):
        displacement = displacement + warped(displacement, displacement)
    return 2 * F.interpolate(displacement, size=size, mode="trilinear", align_corners=True)


def correlation(a, b):
    """Mean of the squared local correlation, as hypermorph's lncc."""
    n = WINDOW**3

    def sums(x):
        for axis in range(3):
            size, padding = [1, 1, 1], [0, 0, 0]
            size[axis], padding[axis] = WINDOW, WINDOW // 2
            x = F.avg_pool3d(x, size, 1, padding) * WINDOW
        return x

    moments = sums(torch.cat([a, b, a * a, b * b, a * b], 1))
    mean_a, mean_b, aa, bb, ab = moments.split(1, 1)
    cross = (ab - mean_a * mean_b / n).clamp(min=1e-5)
    return (cross / (aa - mean_a**2 / n).clamp(min=1e-5) * (cross / (bb - mean_b**2 / n).clamp(min=1e-5))).mean()


def roughness(velocity):
    return sum(velocity.diff(dim=axis).square().mean() for axis in (2, 3, 4)) / 3


def overlap(a, b):
    """Mean over labels that the first has."""
    both, sizes = 2 * (a * b).sum((2, 3, 4))[:, 1:], (a.sum((2, 3, 4)) + b.sum((2, 3, 4)))[:, 1:]
    has = (a.sum((2, 3, 4))[:, 1:] > 0).float()
    return (both / sizes.clamp(min=1) * has).sum() / has.sum()


def logs_of_jacobian(displacement):
    """Of the determinants by forward differences; and the share of those that are not positive."""
    rows = []
    for c in range(3):
        rows.append(torch.stack([displacement[:, c].diff(dim=axis)[:, :-1 if axis != 1 else None, :-1 if axis != 2 else None, :-1 if axis != 3 else None] for axis in (1, 2, 3)], -1))
    determinant = torch.linalg.det(torch.stack(rows, -2) + torch.eye(3, device=displacement.device))
    return determinant.clamp(min=1e-3).log(), (determinant <= 0).float().mean()


def from_centre(matrices, shape):
    """Of maps of voxel numbers, those of places from the centre."""
    centre = (numpy.array(shape) - 1) / 2
    there, back = numpy.eye(4), numpy.eye(4)
    there[:3, 3], back[:3, 3] = centre, -centre
    return back @ matrices @ there


@torch.no_grad()
def judged(model, painter, affines, weight, pairs):
    """Mean Dice of labels, deviation of the Jacobian's logarithm, share of folds in per cent."""
    found = []
    for a, b in pairs:
        matrix = affines[a, b]
        places = (painter.positions @ matrix[:3, :3].T + matrix[:3, 3])[None]
        moving, labels = painter.at(torch.tensor([b], device=painter.device), places)
        fixed, wanted = painter.images[a : a + 1], memberships(painter.labels[a : a + 1, 0], painter.codes)
        with torch.autocast(fixed.device.type, torch.bfloat16):
            velocity = model(moving, fixed, torch.tensor(weight, device=fixed.device))
        displacement = integrated(velocity, fixed.shape[2:])
        told = memberships(warped(labels, displacement).argmax(1), painter.codes)
        logs, folds = logs_of_jacobian(displacement)
        found.append([overlap(wanted, told).item(), logs[(wanted[:, 0] < 0.5)[:, :-1, :-1, :-1]].std().item(), 100 * folds.item()])
    return numpy.mean(found, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--affines", required=True)
    parser.add_argument("--velocities")
    parser.add_argument("--start")
    training.add_options(parser)
    options = parser.parse_args()

    device = training.begin(options)
    (images, labels), codes = read_brains(f"{options.folder}/train", device)
    (held_images, held_labels), _ = read_brains(f"{options.folder}/val", device)
    matrices = numpy.load(options.affines)
    affines, held_affines = (torch.from_numpy(from_centre(matrices[of], images.shape[2:])).float().to(device) for of in ("train", "val"))
    painter = Painter(images, labels, codes, BRAINS, read_velocities(options.velocities, device))
    held = Painter(held_images, held_labels, codes, BRAINS)
    model = HyperNetwork().to(device)
    if options.start:
        model.load(load_file(options.start))

    def loss_of_step():
        (fixed, is_where), (moving, was_where) = painter.draw_pairs(options.batch, affines)
        weight = torch.rand((), device=device)
        weight = torch.where(torch.rand((), device=device) < 0.1, weight.round(), weight)
        with torch.autocast(device, torch.bfloat16):
            velocity = model(moving, fixed, weight)
        displacement = integrated(velocity, fixed.shape[2:])
        unlike = 1 - correlation(fixed, warped(moving, displacement))
        apart = 1 - overlap(is_where, warped(was_where, displacement))
        return (1 - weight) * ((1 - LABELS) * unlike + LABELS * apart) + weight * 2 * roughness(velocity)

    def report():
        pairs = [(a, (a + k) % len(held_images)) for k in (1, 2) for a in range(len(held_images))]
        own = [(a, (a + 3) % len(images)) for a in range(5)]
        said = [f"{weight} {'/'.join(f'{v:.3f}' for v in judged(model, held, held_affines, weight, pairs))}" for weight in LAMBDAS]
        return "  ".join(said) + f"  seen {judged(model, painter, affines, 0.3, own)[0]:.3f}"

    training.train(model, loss_of_step, report, options, device)


if __name__ == "__main__":
    main()
