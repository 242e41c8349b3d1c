"""The network of hypermorph in PyTorch, written as VoxelMorph's users write it: the peer of the benchmarks."""

import json

import numpy
import torch
import torch.nn.functional as F


def read_model(path):
    """The architecture and the weights of a hypermorph model file (safetensors, float32)."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        values = numpy.fromfile(file, dtype=numpy.uint8)
    description = json.loads(header.pop("__metadata__")["hypermorph"])
    weights = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        weights[name] = torch.from_numpy(values[begin:end].view(numpy.float32).reshape(entry["shape"]))
    return description, weights


class Network:
    """Hypernetwork, U-Net with half-resolution velocity, scaling and squaring, and the final warp."""

    def __init__(self, architecture, weights, memory_format, training=False):
        self.encoder = architecture["unet"]["encoder"]
        self.decoder = architecture["unet"]["decoder"]
        self.layers = architecture["hypernetwork"]["layers"]
        self.steps = architecture["integrationSteps"]
        self.memory_format = memory_format
        self.weights = {name: weight.clone().requires_grad_(training) for name, weight in weights.items()}
        self.grids = {}

    def parameters(self):
        return list(self.weights.values())

    def code(self, hyperparameters):
        code = hyperparameters
        for n in range(1, self.layers + 1):
            layer = f"hypernetwork_dense_{n}"
            code = torch.relu(code @ self.weights[f"{layer}/kernel"] + self.weights[f"{layer}/bias"])
        return code

    def convolve(self, x, name, outputs, code):
        kernel = code @ self.weights[f"unet_{name}/hyperkernel_kernel"] + self.weights[f"unet_{name}/hyperkernel_bias"]
        bias = code @ self.weights[f"unet_{name}/hyperbias_kernel"] + self.weights[f"unet_{name}/hyperbias_bias"]
        kernel = kernel.reshape(3, 3, 3, x.shape[1], outputs).permute(4, 3, 0, 1, 2)
        kernel = kernel.contiguous(memory_format=self.memory_format)
        return F.leaky_relu(F.conv3d(x, kernel, bias.reshape(-1), padding=1), 0.2)

    def velocity(self, moving, fixed, hyperparameters):
        """[N, 3, i, j, k] at half resolution."""
        code = self.code(hyperparameters)
        x = torch.cat([moving, fixed], 1).contiguous(memory_format=self.memory_format)
        skips = []
        for level, outputs in enumerate(self.encoder):
            x = self.convolve(x, f"enc_conv_{level}_0", outputs, code)
            skips.append(x)
            x = F.max_pool3d(x, 2)
        levels = len(self.encoder)
        for index, outputs in enumerate(self.decoder[:levels]):
            x = self.convolve(x, f"dec_conv_{levels - 1 - index}_0", outputs, code)
            if index < levels - 1:
                x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skips[levels - 1 - index]], 1)
        for k, outputs in enumerate(self.decoder[levels:]):
            x = self.convolve(x, f"dec_final_conv_{k}", outputs, code)
        kernel = self.weights["flow/kernel"].permute(4, 3, 0, 1, 2).contiguous(memory_format=self.memory_format)
        return F.conv3d(x, kernel, self.weights["flow/bias"], padding=1)

    def grid(self, shape):
        """Voxel positions, [1, 3, I, J, K], as a transformer layer keeps them."""
        if shape not in self.grids:
            axes = [torch.arange(length, dtype=torch.float32) for length in shape]
            self.grids[shape] = torch.stack(torch.meshgrid(axes, indexing="ij")).unsqueeze(0)
        return self.grids[shape]

    def warp(self, image, displacement):
        shape = displacement.shape[2:]
        positions = self.grid(tuple(shape)) + displacement
        scale = torch.tensor([2 / (length - 1) for length in shape]).reshape(1, 3, 1, 1, 1)
        normalised = (positions * scale - 1).permute(0, 2, 3, 4, 1)[..., [2, 1, 0]]
        return F.grid_sample(image, normalised, mode="bilinear", padding_mode="border", align_corners=True)

    def integrate(self, velocity):
        """Displacement at full resolution."""
        displacement = velocity / 2**self.steps
        for _ in range(self.steps):
            displacement = displacement + self.warp(displacement, displacement)
        return 2 * F.interpolate(displacement, scale_factor=2, mode="trilinear", align_corners=True)

    def predict(self, moving, fixed, hyperparameters):
        velocity = self.velocity(moving, fixed, hyperparameters)
        displacement = self.integrate(velocity)
        return velocity, displacement, self.warp(moving, displacement)


def mse(fixed, moved, sigma=0.05):
    return ((fixed - moved) ** 2).mean() / sigma**2


def lncc(fixed, moved, window=9):
    """Local normalised cross-correlation as VoxelMorph computes it, box sums by average pooling."""
    voxels = window**3

    def box(x):
        return F.avg_pool3d(x, window, stride=1, padding=window // 2, divisor_override=1)

    sum_f, sum_m = box(fixed), box(moved)
    cross = box(fixed * moved) - sum_f * sum_m / voxels
    variance_f = box(fixed * fixed) - sum_f * sum_f / voxels
    variance_m = box(moved * moved) - sum_m * sum_m / voxels
    eps = 1e-5
    return -(cross.clamp(min=eps) / variance_f.clamp(min=eps) * (cross.clamp(min=eps) / variance_m.clamp(min=eps))).mean()


def smoothness(field):
    """Mean squared difference of neighbours, mean over the axes."""
    i = (field[:, :, 1:] - field[:, :, :-1]).square().mean()
    j = (field[:, :, :, 1:] - field[:, :, :, :-1]).square().mean()
    k = (field[:, :, :, :, 1:] - field[:, :, :, :, :-1]).square().mean()
    return (i + j + k) / 3
