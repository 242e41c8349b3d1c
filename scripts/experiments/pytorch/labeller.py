"""Trains a labeller with PyTorch on a GPU: what docs/experiments/brain-labeller.md and hippocampus.md describe.

    python labeller.py brains FOLDER --minutes 9 --output labeller.safetensors [--start data/models/default.safetensors]
    python labeller.py hippocampi FOLDER --minutes 9 --output labeller.safetensors

FOLDER has train/ and val/: of brains *_t1.nii.gz and *_labels.nii.gz, all of one shape; of hippocampi images/ and labels/. The
weights are named and laid out as hypermorph's; into-model.ts puts them into a model file. Needs torch, nibabel and safetensors.
"""

import argparse

import numpy
import torch
import torch.nn.functional as F
import training
from painter import BRAINS, HIPPOCAMPI, Painter, memberships, read_brains, read_hippocampi, read_velocities
from safetensors.numpy import load_file

# How they are read and drawn, and features; of the decoder deepest first, as in hypermorph: the level at half of the resolution tells
# labels there, and what follows goes on to the image's own.
ANATOMIES = {
    "brains": (read_brains, BRAINS, [16, 32, 64, 96], [96, 96, 48, 32, 16]),
    "hippocampi": (read_hippocampi, HIPPOCAMPI, [32, 64, 128], [128, 96, 48, 32, 16]),
}


class Labeller(torch.nn.Module):
    """The U-Net of hypermorph's labeller (LeakyReLU 0.2, max-pooling, nearest up-sampling), telling at half of the resolution, too."""

    def __init__(self, labels, encoder, decoder):
        super().__init__()
        self.convolutions = torch.nn.ModuleDict()
        self.levels, self.finals = len(encoder), len(decoder) - len(encoder)
        channels = 1
        for level, features in enumerate(encoder):
            self.add(f"enc_conv_{level}_0", channels, features)
            channels = features
        for index, features in enumerate(decoder):
            level = self.levels - 1 - index
            self.add(f"dec_conv_{level}_0" if level >= 0 else f"dec_final_conv_{-level - 1}", channels, features)
            if level == 0:
                self.add("half_labels", features, labels)
            channels = features + (encoder[level] if level >= 0 else 0)
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
        skips = []
        for level in range(self.levels):
            x = self.convolve(f"enc_conv_{level}_0", x)
            skips.append(x)
            x = F.max_pool3d(x, 2)
        for level in reversed(range(self.levels)):
            x = self.convolve(f"dec_conv_{level}_0", x)
            if level == 0:
                half = self.convolutions["half_labels"](x)
            x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skips[level]], 1)
        for k in range(self.finals):
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


def unlike(scores, wanted):
    """1 - mean overlap + cross-entropy, of memberships that are wanted: hypermorph's labelling loss."""
    scores = scores.float()
    logs = scores.log_softmax(1)
    told = logs.exp()
    both = 2 * (told * wanted).sum((2, 3, 4))
    overlap = both / (told.sum((2, 3, 4)) + wanted.sum((2, 3, 4))).clamp(min=1e-15)
    return 1 - overlap.mean() - (wanted * logs).sum(1).mean()


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("anatomy", choices=ANATOMIES)
    parser.add_argument("folder")
    parser.add_argument("--start")
    parser.add_argument("--velocities", help="what anatomies.py made")
    training.add_options(parser)
    options = parser.parse_args()

    device = training.begin(options)
    read, amounts, encoder, decoder = ANATOMIES[options.anatomy]
    (images, labels), codes = read(f"{options.folder}/train", device)
    (held_images, held_labels), _ = read(f"{options.folder}/val", device)
    painter = Painter(images, labels, codes, amounts, read_velocities(options.velocities, device))
    model = Labeller(codes, encoder, decoder).to(device).to(memory_format=torch.channels_last_3d)
    if options.start:
        model.load(load_file(options.start))

    def loss_of_step():
        seen, wanted = painter.draw(options.batch)
        with torch.autocast(device, torch.bfloat16):
            half, whole = model(seen.contiguous(memory_format=torch.channels_last_3d))
        return unlike(whole, wanted) + unlike(half, F.avg_pool3d(wanted, 2))

    def report():
        held, half = overlaps(model, held_images, held_labels[:, 0], codes)
        known, known_half = overlaps(model, images[:5], labels[:5, 0], codes)
        return f"held {held:.4f} half {half:.4f}  seen {known:.4f} half {known_half:.4f}"

    training.train(model, loss_of_step, report, options, device)


if __name__ == "__main__":
    main()
