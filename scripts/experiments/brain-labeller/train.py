"""Trains a labeller of brains with PyTorch on a GPU: what docs/experiments/brain-labeller.md describes.

    python train.py --brains FOLDER --minutes 9 --output labeller.safetensors [--start data/models/default.safetensors]

FOLDER has train/ and val/ with *_t1.nii.gz and *_labels.nii.gz, all of one shape. The weights are named and laid out as hypermorph's;
into-model.ts puts them into a model file. Needs torch, nibabel and safetensors.
"""

import argparse
import glob
import math
import os
import time

import nibabel
import numpy
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

# Left and right are one.
SAME = {41: 2, 42: 3, 43: 4, 46: 7, 47: 8, 49: 10, 50: 11, 51: 12, 52: 13, 53: 17, 54: 18, 58: 26, 60: 28}
ENCODER = [8, 32, 64, 96]
# Deepest first, as in hypermorph; the one at half of the resolution tells labels there, and the last goes on to the image's own.
DECODER = [96, 96, 48, 24, 16]

# Standard deviations but for shares: degrees, logarithm, voxels, (distance, voxels), share of brains, logarithm, share of the range.
AMOUNTS = {
    "turn": 9,
    "scale": 0.06,
    "shift": 4,
    "deformation": [(20, 2.0), (9, 0.8)],
    "anatomy": 0.7,
    "bias": 0.25,
    "noise": 0.08,
}


def read(pattern):
    paths = sorted(glob.glob(pattern))
    return numpy.stack([numpy.asarray(nibabel.load(path).dataobj) for path in paths])


def read_brains(folder, device):
    """Images in [0, 1] as hypermorph normalises them, [N, 1, I, J, K]; label maps numbered from 0, likewise."""
    images = read(f"{folder}/*_t1.nii.gz").astype(numpy.float32)
    images = numpy.stack([numpy.clip(image / numpy.percentile(image, 99.9), 0, 1) for image in images])
    labels = read(f"{folder}/*_labels.nii.gz").astype(numpy.int64)
    for other, one in SAME.items():
        labels[labels == other] = one
    codes = numpy.unique(labels)
    labels = numpy.searchsorted(codes, labels)
    return [torch.from_numpy(values)[:, None].to(device) for values in (images, labels)], len(codes)


class Labeller(torch.nn.Module):
    """The U-Net of hypermorph's labeller (LeakyReLU 0.2, max-pooling, nearest up-sampling), telling at half of the resolution, too."""

    def __init__(self, labels):
        super().__init__()
        self.convolutions = torch.nn.ModuleDict()
        channels, levels = 1, len(ENCODER)
        for level, features in enumerate(ENCODER):
            self.add(f"enc_conv_{level}_0", channels, features)
            channels = features
        for index, features in enumerate(DECODER):
            level = levels - 1 - index
            self.add(f"dec_conv_{level}_0" if level >= 0 else f"dec_final_conv_{-level - 1}", channels, features)
            if level == 0:
                self.add("half_labels", features, labels)
            channels = features + (ENCODER[level] if level >= 0 else 0)
        self.add("labels", channels, labels)

    def add(self, name, inputs, outputs):
        convolution = torch.nn.Conv3d(inputs, outputs, 3, padding=1)
        torch.nn.init.kaiming_normal_(convolution.weight, a=0.2)
        torch.nn.init.zeros_(convolution.bias)
        self.convolutions[name] = convolution

    def convolve(self, name, x):
        return F.leaky_relu(self.convolutions[name](x), 0.2)

    def forward(self, x):
        """Scores at half of the resolution and at the whole."""
        skips, levels = [], len(ENCODER)
        for level in range(levels):
            x = self.convolve(f"enc_conv_{level}_0", x)
            skips.append(x)
            x = F.max_pool3d(x, 2)
        for level in reversed(range(levels)):
            x = self.convolve(f"dec_conv_{level}_0", x)
            if level == 0:
                half = self.convolutions["half_labels"](x)
            x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skips[level]], 1)
        for k in range(len(DECODER) - levels):
            x = self.convolve(f"dec_final_conv_{k}", x)
        return half, self.convolutions["labels"](x)

    def weights(self):
        found = {}
        for name, convolution in self.convolutions.items():
            kernel = convolution.weight.detach().permute(2, 3, 4, 1, 0).float().cpu().numpy()
            found[f"labeller_{name}/kernel"] = numpy.ascontiguousarray(kernel)
            found[f"labeller_{name}/bias"] = convolution.bias.detach().float().cpu().numpy()
        return found

    def load(self, weights):
        """Take the weights that are there: a model file has none for half of the resolution."""
        with torch.no_grad():
            for name, convolution in self.convolutions.items():
                if f"labeller_{name}/kernel" not in weights:
                    continue
                convolution.weight.copy_(torch.from_numpy(weights[f"labeller_{name}/kernel"]).permute(4, 3, 0, 1, 2))
                convolution.bias.copy_(torch.from_numpy(weights[f"labeller_{name}/bias"]))


class Painter:
    """Draws what the labeller learns from: brains as they are, painted anew like T1, or in contrasts of any kind."""

    def __init__(self, images, labels, codes, amounts, velocities=None):
        self.images, self.labels, self.codes, self.amounts = images, labels, codes, amounts
        self.velocities = velocities
        self.shape, self.device = images.shape[2:], images.device
        stats = [[self.statistics(image[maps == code]) for code in range(codes)] for image, maps in zip(images, labels)]
        self.stats = torch.tensor(stats, device=self.device)  # [brain, code, mean and deviation]
        axes = [torch.arange(length, device=self.device, dtype=torch.float32) - (length - 1) / 2 for length in self.shape]
        self.positions = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)  # voxels from the centre
        self.halves = torch.tensor([(length - 1) / 2 for length in self.shape], device=self.device)

    @staticmethod
    def statistics(values):
        return [values.mean().item(), values.std().item()]

    def uniform(self, n, low=0.0, high=1.0):
        return torch.rand(n, device=self.device) * (high - low) + low

    def normal(self, *shape):
        return torch.randn(*shape, device=self.device)

    def smooth(self, n, channels, size):
        """Smooth noise of deviation about 1: normal numbers on a coarse grid, interpolated."""
        coarse = self.normal(n, channels, *(max(2, round(length / size) + 1) for length in self.shape))
        return 1.4 * F.interpolate(coarse, size=self.shape, mode="trilinear", align_corners=True)

    def places(self, n):
        """Where each voxel's value is looked up: voxels from the centre."""
        turn = torch.eye(3, device=self.device).repeat(n, 1, 1)
        for axis in range(3):
            angle = math.radians(self.amounts["turn"]) * self.normal(n)
            a, b = [other for other in range(3) if other != axis]
            rotation = torch.eye(3, device=self.device).repeat(n, 1, 1)
            rotation[:, a, a] = rotation[:, b, b] = angle.cos()
            rotation[:, a, b], rotation[:, b, a] = -angle.sin(), angle.sin()
            turn = turn @ rotation
        shear = 0.04 * self.normal(n, 3, 3)
        scale = torch.diag_embed((self.amounts["scale"] * self.normal(n, 3)).exp() * (0.06 * self.normal(n, 1)).exp())
        flip = torch.ones(n, 3, device=self.device)
        flip[:, 0] = torch.where(self.uniform(n) < 0.5, -1.0, 1.0)
        matrix = turn @ (scale + shear) @ torch.diag_embed(flip)
        moved = torch.einsum("nab,ijkb->nijka", matrix, self.positions)
        moved = moved + self.amounts["shift"] * self.normal(n, 1, 1, 1, 3)
        for size, deviation in self.amounts["deformation"]:
            strength = deviation * self.uniform(n, 0, 1.5).view(n, 1, 1, 1, 1)
            moved = moved + strength * self.smooth(n, 3, size).permute(0, 2, 3, 4, 1)
        return moved

    def looked_up(self, values, places, mode="bilinear", padding="zeros"):
        """Values of a grid that covers the images, at places in voxels of the images from their centre."""
        lengths = 2 * self.halves + 1
        return F.grid_sample(values, (2 * places / lengths).flip(-1), mode=mode, padding_mode=padding, align_corners=False)

    def with_anatomy(self, places, which):
        """Places that lead on towards, past and away from the anatomies of other brains.

        Brain a looks like b along the integral of the velocity that registers b onto a, and like something between several others
        along weighted sums of such velocities (Arsigny et al., MICCAI 2006).
        """
        n = len(which)
        shares = torch.rand(n, len(self.images), device=self.device) ** 4
        shares[torch.arange(n, device=self.device), which] = 0
        shares = shares / shares.sum(1, keepdim=True) * self.uniform(n, -0.4, 1.0)[:, None]
        shares = shares * (self.uniform(n) < self.amounts["anatomy"])[:, None]
        velocity = -torch.einsum("nm,nmcijk->ncijk", shares, self.velocities[which].float())
        coarse = velocity.shape[2:]
        axes = [(torch.arange(c, device=self.device) + 0.5) * (2 * h + 1) / c - (h + 0.5) for c, h in zip(coarse, self.halves)]
        grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
        displacement = velocity / 2**6
        for _ in range(6):
            there = grid + displacement.permute(0, 2, 3, 4, 1)
            displacement = displacement + self.looked_up(displacement, there, padding="border")
        return places + self.looked_up(displacement, places, padding="border").permute(0, 2, 3, 4, 1)

    def blurred(self, image, deviations):
        """Gaussian blur along each axis by so many voxels of each image, [n, 3]."""
        reach = 3
        offsets = torch.arange(-reach, reach + 1, device=self.device)
        for axis in range(3):
            weights = (-0.5 * (offsets / deviations[:, axis, None].clamp(min=0.05)) ** 2).exp()
            weights = (weights / weights.sum(1, keepdim=True)).view(-1, len(offsets), 1, 1, 1, 1)
            padding = [0] * 6
            padding[2 * (2 - axis)] = padding[2 * (2 - axis) + 1] = reach
            wide = F.pad(image, padding, mode="replicate")
            length = self.shape[axis]
            image = sum(weights[:, k] * wide.narrow(axis + 2, k, length) for k in range(len(offsets)))
        return image

    def painted(self, labels):
        """Each label in a grey of its own: about that of a T1 image, or any."""
        n = labels.shape[0]
        like = self.stats[torch.randint(len(self.stats), (n,), device=self.device)]
        means = like[..., 0] + 0.07 * self.uniform(n, 0, 1.5)[:, None] * self.normal(n, self.codes)
        deviations = like[..., 1] * self.uniform(n, 0.4, 1.6)[:, None]
        is_any = (self.uniform(n) < 0.35)[:, None]
        means = torch.where(is_any, torch.rand(n, self.codes, device=self.device), means)
        deviations = torch.where(is_any, 0.1 * torch.rand(n, self.codes, device=self.device), deviations)
        means[:, 0] = torch.where(self.uniform(n) < 0.8, 0.0, self.uniform(n))
        deviations[:, 0] = torch.where(means[:, 0] == 0, 0.0, deviations[:, 0])
        where = labels.view(n, -1)
        image = (means.gather(1, where) + deviations.gather(1, where) * self.normal(*where.shape)).view(labels.shape)
        return self.blurred(image, self.uniform(n * 3, 0.3, 0.9).view(n, 3))

    def with_shell(self, image, labels):
        """Something around the brain, as where a skull was removed with less care."""
        n = image.shape[0]
        inside = (labels > 0).float()
        noise = self.smooth(n, 1, 8)
        reach = self.uniform(n, 0, 3).view(n, 1, 1, 1, 1) * (1 + noise)
        ring, shell = inside, torch.zeros_like(inside)
        for step in range(1, 5):
            ring = F.max_pool3d(ring, 3, 1, 1)
            shell = torch.maximum(shell, ring * (reach >= step - 0.5))
        shell = shell * (1 - inside)
        grey = self.uniform(n, 0.05, 0.5).view(n, 1, 1, 1, 1) * (1 + 0.4 * self.smooth(n, 1, 4))
        has = (self.uniform(n) < 0.35).view(n, 1, 1, 1, 1)
        return torch.where(has & (shell > 0), grey.clamp(0, 1), image)

    def draw(self, n):
        """Images [n, 1, I, J, K] in [0, 1] and their labels [n, I, J, K]."""
        which = torch.randint(len(self.images), (n,), device=self.device)
        places = self.places(n)
        if self.velocities is not None:
            places = self.with_anatomy(places, which)
        images = self.looked_up(self.images[which], places)
        labels = self.looked_up(self.labels[which].float(), places, mode="nearest").round().long()
        is_painted = (self.uniform(n) < self.amounts["painted"]).view(n, 1, 1, 1, 1)
        images = torch.where(is_painted, self.painted(labels), images)
        images = self.with_shell(images, labels)
        images = self.blurred(images, self.uniform(n, 0, 0.7)[:, None] * (0.5 + self.uniform(n * 3).view(n, 3)))
        images = images * (self.amounts["bias"] * self.uniform(n, 0, 1.5).view(n, 1, 1, 1, 1) * self.smooth(n, 1, 40)).exp()
        images = images.clamp(0, 1) ** (0.25 * self.normal(n)).exp().view(n, 1, 1, 1, 1)
        noise = self.amounts["noise"] * self.uniform(n).view(n, 1, 1, 1, 1) * self.normal(*images.shape)
        top = images.flatten(1)[:, ::16].quantile(0.999, dim=1)
        factor = self.uniform(n, 0.9, 1.1) / top.clamp(min=0.05)
        images = ((images * factor.view(n, 1, 1, 1, 1)) + noise * (images > 0)).clamp(0, 1)
        return images, labels[:, 0]


def unlike(scores, wanted):
    """1 - mean overlap + cross-entropy, of memberships that are wanted: hypermorph's labelling loss."""
    scores = scores.float()
    logs = scores.log_softmax(1)
    told = logs.exp()
    both = 2 * (told * wanted).sum((2, 3, 4))
    overlap = both / (told.sum((2, 3, 4)) + wanted.sum((2, 3, 4))).clamp(min=1e-15)
    return 1 - overlap.mean() - (wanted * logs).sum(1).mean()


def memberships(labels, codes):
    return F.one_hot(labels, codes).permute(0, 4, 1, 2, 3).float()


@torch.no_grad()
def overlaps(model, images, labels, codes):
    """Mean over brains and labels: Dice of the likeliest label, and the overlap of memberships at half of the resolution."""
    whole, half = [], []
    for image, maps in zip(images, labels):
        with torch.autocast(image.device.type, torch.bfloat16):
            coarse, fine = model(image[None])
        told, wanted = memberships(fine.argmax(1), codes), memberships(maps[None], codes)
        whole.append((2 * (told * wanted).sum((2, 3, 4)) / (told + wanted).sum((2, 3, 4)))[0, 1:].mean().item())
        told, wanted = coarse.float().softmax(1), F.avg_pool3d(wanted, 2)
        half.append((2 * (told * wanted).sum((2, 3, 4)) / (told + wanted).sum((2, 3, 4)))[0, 1:].mean().item())
    return numpy.mean(whole), numpy.mean(half)


def save(model, path):
    save_file(model.weights(), path + ".part")
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brains", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--start")
    parser.add_argument("--minutes", type=float, default=9, help="of the whole training, to whose end the rate falls")
    parser.add_argument("--pause-after", type=float, help="minutes after which the training is left in --state, from where it goes on")
    parser.add_argument("--state")
    parser.add_argument("--velocities", help="what anatomies.py made")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--painted", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    (images, labels), codes = read_brains(f"{options.brains}/train", device)
    (held_images, held_labels), _ = read_brains(f"{options.brains}/val", device)
    velocities = None
    if options.velocities:
        packed = numpy.load(options.velocities)
        velocities = torch.from_numpy(packed["velocities"]).to(device, torch.float16) * float(packed["unit"])
    painter = Painter(images, labels, codes, {**AMOUNTS, "painted": options.painted}, velocities)
    model = Labeller(codes).to(device).to(memory_format=torch.channels_last_3d)
    if options.start:
        model.load(load_file(options.start))
    optimiser = torch.optim.Adam(model.parameters(), lr=options.rate, fused=device == "cuda")

    before, step = 0, 0
    if options.state and os.path.exists(options.state):
        state = torch.load(options.state)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        before, step = state["elapsed"], state["step"]
        torch.manual_seed(options.seed + step)
    begin = said = time.time()
    length = 60 * options.minutes
    last = min(length, before + 60 * (options.pause_after or options.minutes))
    losses = []
    while (elapsed := before + time.time() - begin) < last:
        share = elapsed / length
        rate = options.rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        seen, maps = painter.draw(options.batch)
        wanted = memberships(maps, codes)
        with torch.autocast(device, torch.bfloat16):
            half, whole = model(seen.contiguous(memory_format=torch.channels_last_3d))
        loss = unlike(whole, wanted) + unlike(half, F.avg_pool3d(wanted, 2))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.detach())
        step += 1
        if step % 20 == 0 and time.time() - said > 30:
            said = time.time()
            held, seen_ones = overlaps(model, held_images, held_labels[:, 0], codes), overlaps(model, images[:5], labels[:5, 0], codes)
            mean = torch.stack(losses).mean().item()
            losses = []
            print(
                f"{elapsed:5.0f} s  step {step}  loss {mean:.4f}  held {held[0]:.4f} half {held[1]:.4f}"
                f"  seen {seen_ones[0]:.4f} half {seen_ones[1]:.4f}",
                flush=True,
            )
            save(model, options.output)
    held = overlaps(model, held_images, held_labels[:, 0], codes)
    if options.state:
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "elapsed": elapsed, "step": step}, options.state)
    print(f"end  step {step}  held {held[0]:.4f} half {held[1]:.4f}", flush=True)
    save(model, options.output)


if __name__ == "__main__":
    main()
