"""Draws what networks learn from: images and label maps that vary in anatomy, pose and looks."""

import glob
import math

import nibabel
import numpy
import torch
import torch.nn.functional as F

# Left and right are one.
SAME = {41: 2, 42: 3, 43: 4, 46: 7, 47: 8, 49: 10, 50: 11, 51: 12, 52: 13, 53: 17, 54: 18, 58: 26, 60: 28}

# Standard deviations but for shares: degrees, logarithm, voxels, (distance, voxels), share of images, logarithm, share of the range,
# share of the greys, (most voxels, power of what is drawn from 0 to 1), shares of images; then the share of voxels below the
# brightest that count, and how label maps are looked up.
BRAINS = {
    "turn": 9,
    "scale": 0.06,
    "shift": 4,
    "deformation": [(20, 2.0), (9, 0.8)],
    "anatomy": 0.7,
    "bias": 0.25,
    "noise": 0.08,
    "texture": 0.05,
    "blur": (1.5, 2),
    "painted": 0.45,
    "shell": 0.3,
    "head": 0.3,
    "average": 0.2,
    "top": 0.999,
    "labels": "nearest",
}
HIPPOCAMPI = {
    "turn": 9,
    "scale": 0.07,
    "shift": 2.5,
    "deformation": [(12, 1.5), (6, 0.5)],
    "anatomy": 0,
    "bias": 0.25,
    "noise": 0.08,
    "texture": 0,
    "blur": (0.7, 1),
    "painted": 0,
    "shell": 0,
    "head": 0,
    "average": 0,
    "top": 0.995,
    "labels": "bilinear",
}
CROP = (48, 64, 48)


def read(pattern):
    return [numpy.asarray(nibabel.load(path).dataobj) for path in sorted(glob.glob(pattern))]


def scaled(image, low, high):
    """An image in [0, 1] as hypermorph normalises it by two percentiles."""
    image = image.astype(numpy.float32)
    bottom, top = numpy.percentile(image, [low, high])
    return numpy.clip((image - bottom) / (top - bottom), 0, 1).astype(numpy.float32)


def read_brains(folder, device):
    """Images [N, 1, I, J, K]; label maps numbered from 0, likewise; the number of codes."""
    images = numpy.stack([scaled(image, 0, 99.9) for image in read(f"{folder}/*_t1.nii.gz")])
    labels = numpy.stack(read(f"{folder}/*_labels.nii.gz")).astype(numpy.int64)
    for other, one in SAME.items():
        labels[labels == other] = one
    codes = numpy.unique(labels)
    labels = numpy.searchsorted(codes, labels)
    return [torch.from_numpy(values)[:, None].to(device) for values in (images, labels)], len(codes)


def read_hippocampi(folder, device):
    """As `read_brains`, with crops in the middle of nothing."""

    def padded(image):
        around = [((length - n) // 2, length - n - (length - n) // 2) for length, n in zip(CROP, image.shape)]
        return numpy.pad(image, around)

    images = numpy.stack([padded(scaled(image, 1, 99)) for image in read(f"{folder}/images/*.nii.gz")])
    labels = numpy.stack([padded(labels) for labels in read(f"{folder}/labels/*.nii.gz")]).astype(numpy.int64)
    return [torch.from_numpy(values)[:, None].to(device) for values in (images, labels)], int(labels.max()) + 1


def read_velocities(path, device):
    """What anatomies.py packed; none without a path."""
    if path is None:
        return None
    packed = numpy.load(path)
    return torch.from_numpy(packed["velocities"]).to(device, torch.float16) * float(packed["unit"])


def memberships(labels, codes):
    return F.one_hot(labels, codes).permute(0, 4, 1, 2, 3).float()


class Painter:
    """Draws images as they are, painted anew like T1, or in contrasts of any kind, with what is where in them."""

    def __init__(self, images, labels, codes, amounts, velocities=None):
        self.images, self.labels, self.codes, self.amounts = images, labels, codes, amounts
        self.velocities = velocities
        self.shape, self.device = images.shape[2:], images.device
        stats = [[self.statistics(image[maps == code]) for code in range(codes)] for image, maps in zip(images, labels)]
        self.stats = torch.tensor(stats, device=self.device)  # [image, code, mean and deviation]
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

    def posed(self, n, places, share=1.0):
        """Places turned, scaled, sheared and shifted; by a share of the usual amounts."""
        turn = torch.eye(3, device=self.device).repeat(n, 1, 1)
        for axis in range(3):
            angle = math.radians(share * self.amounts["turn"]) * self.normal(n)
            a, b = [other for other in range(3) if other != axis]
            rotation = torch.eye(3, device=self.device).repeat(n, 1, 1)
            rotation[:, a, a] = rotation[:, b, b] = angle.cos()
            rotation[:, a, b], rotation[:, b, a] = -angle.sin(), angle.sin()
            turn = turn @ rotation
        shear = 0.04 * share * self.normal(n, 3, 3)
        scale = (share * self.amounts["scale"] * self.normal(n, 3)).exp() * (0.06 * share * self.normal(n, 1)).exp()
        matrix = turn @ (torch.diag_embed(scale) + shear)
        moved = torch.einsum("nab,nijkb->nijka", matrix, places)
        return moved + share * self.amounts["shift"] * self.normal(n, 1, 1, 1, 3)

    def flipped(self, n):
        """The places of the voxels, of half of the images left and right exchanged."""
        flip = torch.ones(n, 1, 1, 1, 3, device=self.device)
        flip[..., 0] = torch.where(self.uniform(n) < 0.5, -1.0, 1.0).view(n, 1, 1, 1)
        return flip * self.positions

    def bent(self, n, places):
        for size, deviation in self.amounts["deformation"]:
            strength = deviation * self.uniform(n, 0, 1.5).view(n, 1, 1, 1, 1)
            places = places + strength * self.smooth(n, 3, size).permute(0, 2, 3, 4, 1)
        return places

    def looked_up(self, values, places, mode="bilinear", padding="zeros"):
        """Values of a grid that covers the images, at places in voxels of the images from their centre."""
        lengths = 2 * self.halves + 1
        return F.grid_sample(values, (2 * places / lengths).flip(-1), mode=mode, padding_mode=padding, align_corners=False)

    def with_anatomy(self, places, which):
        """Places that lead on towards, past and away from the anatomies of other brains.

        Brain a looks like b along the integral of the velocity that registers b onto a, and like something between several others
        along weighted sums of such velocities (Arsigny et al., MICCAI 2006).
        """
        if self.velocities is None:
            return places
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

    def greys(self, n):
        """How images are painted: mean and deviation of each code, about those of T1 images or any, [n, codes]."""
        like = self.stats[torch.randint(len(self.stats), (n,), device=self.device)]
        means = like[..., 0] + 0.07 * self.uniform(n, 0, 1.5)[:, None] * self.normal(n, self.codes)
        deviations = like[..., 1] * self.uniform(n, 0.4, 1.6)[:, None]
        is_any = (self.uniform(n) < 0.35)[:, None]
        means = torch.where(is_any, torch.rand(n, self.codes, device=self.device), means)
        deviations = torch.where(is_any, 0.1 * torch.rand(n, self.codes, device=self.device), deviations)
        means[:, 0] = torch.where(self.uniform(n) < 0.8, 0.0, self.uniform(n))
        deviations[:, 0] = torch.where(means[:, 0] == 0, 0.0, deviations[:, 0])
        return means, deviations

    def painted(self, labels, means, deviations):
        n = len(labels)
        where = labels.view(n, -1)
        image = (means.gather(1, where) + deviations.gather(1, where) * self.normal(*where.shape)).view(n, 1, *self.shape)
        return self.blurred(image, self.uniform(n * 3, 0.3, 0.9).view(n, 3))

    def with_shell(self, image, labels):
        """Something around the brain, as where a skull was removed with less care."""
        n = image.shape[0]
        inside = (labels > 0).float()[:, None]
        noise = self.smooth(n, 1, 8)
        reach = self.uniform(n, 0, 3).view(n, 1, 1, 1, 1) * (1 + noise)
        ring, shell = inside, torch.zeros_like(inside)
        for step in range(1, 5):
            ring = F.max_pool3d(ring, 3, 1, 1)
            shell = torch.maximum(shell, ring * (reach >= step - 0.5))
        shell = shell * (1 - inside)
        grey = self.uniform(n, 0.05, 0.5).view(n, 1, 1, 1, 1) * (1 + 0.4 * self.smooth(n, 1, 4))
        has = (self.uniform(n) < self.amounts["shell"]).view(n, 1, 1, 1, 1)
        return torch.where(has & (shell > 0), grey.clamp(0, 1), image)

    def with_head(self, image, labels):
        """Fluid, bone, scalp and what hangs below them around the brain, of thicknesses and greys that vary."""
        n = image.shape[0]
        ring = (labels > 0).float()[:, None]
        distance = torch.zeros_like(ring)
        for step in range(12):
            distance = distance + (1 - ring)
            ring = F.max_pool3d(ring, 3, 1, 1) if step % 2 else self.grown(ring)
        thickness = torch.stack([self.uniform(n, *between) for between in [(0, 2.5), (1, 4), (1, 5)]], 1)
        ends = thickness.cumsum(1).view(n, 3, 1, 1, 1) * (1 + 0.25 * self.smooth(n, 1, 14))
        layer = (distance > ends).sum(1, keepdim=True)
        direction = F.normalize(self.normal(n, 3), dim=1)
        below = torch.einsum("nc,ijkc->nijk", direction, self.positions)[:, None] > self.uniform(n, 15, 45).view(n, 1, 1, 1, 1)
        layer = torch.where(below & (layer > 1) & (self.smooth(n, 1, 7) > -0.7), 2, layer)
        greys = torch.stack([self.uniform(n, *between) for between in [(0, 0.5), (0, 0.4), (0.2, 1.1), (0, 0)]], 1)
        outside = greys.gather(1, layer.view(n, -1)).view_as(image) * (1 + 0.35 * self.smooth(n, 1, 4)).clamp(min=0)
        has = (self.uniform(n) < self.amounts["head"]).view(n, 1, 1, 1, 1)
        return torch.where(has & (labels == 0)[:, None], outside, image)

    @staticmethod
    def grown(mask):
        """By one voxel along each axis, without the corners."""
        along = [F.max_pool3d(mask, size, 1, padding) for size, padding in [((3, 1, 1), (1, 0, 0)), ((1, 3, 1), (0, 1, 0)), ((1, 1, 3), (0, 0, 1))]]
        return torch.stack(along).amax(0)

    def averaged(self, image):
        """Some images as the mean of several that do not quite lie on each other, as templates are."""
        n = image.shape[0]
        strength = self.uniform(n, 0.3, 1.5).view(n, 1, 1, 1, 1)
        means = torch.zeros_like(image)
        for _ in range(5):
            places = self.positions + (strength * self.smooth(n, 3, 8)).permute(0, 2, 3, 4, 1)
            means = means + self.looked_up(image, places) / 5
        return torch.where((self.uniform(n) < self.amounts["average"]).view(n, 1, 1, 1, 1), means, image)

    def at(self, which, places):
        """Images [n, 1, I, J, K] and memberships [n, codes, I, J, K] at places of some of the originals."""
        images = self.looked_up(self.images[which], places)
        if self.amounts["labels"] == "nearest":
            found = self.looked_up(self.labels[which].float(), places, mode="nearest").round().long()
            return images, memberships(found[:, 0], self.codes)
        wanted = self.looked_up(memberships(self.labels[which, 0], self.codes), places)
        wanted[:, 0] += 1 - wanted.sum(1)
        return images, wanted

    def seen(self, images, wanted, is_painted, greys):
        """The images in other looks, in [0, 1]."""
        n = len(images)
        labels = wanted.argmax(1)
        if self.amounts["painted"] > 0:
            images = torch.where(is_painted.view(n, 1, 1, 1, 1), self.painted(labels, *greys), images)
        if self.amounts["shell"] > 0:
            images = self.with_shell(images, labels)
        if self.amounts["head"] > 0:
            images = self.with_head(images, labels)
        if self.amounts["texture"] > 0:
            texture = 1 + self.amounts["texture"] * self.uniform(n, 0, 2).view(n, 1, 1, 1, 1) * self.smooth(n, 1, 5)
            images = images * texture
        if self.amounts["average"] > 0:
            images = self.averaged(images)
        most, power = self.amounts["blur"]
        images = self.blurred(images, most * self.uniform(n)[:, None] ** power * (0.5 + self.uniform(n * 3).view(n, 3)))
        images = images * (self.amounts["bias"] * self.uniform(n, 0, 1.5).view(n, 1, 1, 1, 1) * self.smooth(n, 1, 40)).exp()
        images = images.clamp(0, 1) ** (0.25 * self.normal(n)).exp().view(n, 1, 1, 1, 1)
        noise = self.amounts["noise"] * self.uniform(n).view(n, 1, 1, 1, 1) * self.normal(*images.shape)
        top = images.flatten(1)[:, ::16].quantile(self.amounts["top"], dim=1)
        factor = self.uniform(n, 0.9, 1.1) / top.clamp(min=0.05)
        return ((images * factor.view(n, 1, 1, 1, 1)) + noise * (images > 0)).clamp(0, 1)

    def draw(self, n):
        """Images [n, 1, I, J, K] in [0, 1] and memberships [n, codes, I, J, K]."""
        which = torch.randint(len(self.images), (n,), device=self.device)
        places = self.with_anatomy(self.bent(n, self.posed(n, self.flipped(n))), which)
        images, wanted = self.at(which, places)
        return self.seen(images, wanted, self.uniform(n) < self.amounts["painted"], self.greys(n)), wanted

    def draw_pairs(self, n, affines):
        """Fixed and moving images of different people, brought together by an affine but for a little: of `draw`, twice.

        @param affines [N, N, 4, 4]: voxels of the first from its centre -> voxels of the second from its centre.
        """
        fixed = torch.randint(len(self.images), (n,), device=self.device)
        moving = (fixed + torch.randint(1, len(self.images), (n,), device=self.device)) % len(self.images)
        common = self.posed(n, self.flipped(n), 0.6)
        matrix = affines[fixed, moving]
        apart = self.posed(n, common, 0.2)
        apart = torch.einsum("nab,nijkb->nijka", matrix[:, :3, :3], apart) + matrix[:, None, None, None, :3, 3]
        which = torch.cat([fixed, moving])
        places = self.with_anatomy(self.bent(2 * n, torch.cat([common, apart])), which)
        images, wanted = self.at(which, places)
        is_painted = (self.uniform(n) < self.amounts["painted"]).repeat(2)
        means, deviations = self.greys(n)
        greys = ((means + 0.02 * self.normal(*means.shape)).repeat(2, 1), deviations.repeat(2, 1))
        images = self.seen(images, wanted, is_painted, greys)
        return (images[:n], wanted[:n]), (images[n:], wanted[n:])
