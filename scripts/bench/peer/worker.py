"""Runs one case of the benchmarks in PyTorch, on request: a line of JSON in, a line of JSON out.

    python worker.py FORMAT THREADS        FORMAT: channels_last or contiguous

Requests: {"do": "prepare", "work": {...}, "model": path}, {"do": "run"} -> {"ms": ...}.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

from network import Network, lncc, mse, read_model, smoothness

LAYOUT = torch.channels_last_3d if sys.argv[1] == "channels_last" else torch.contiguous_format
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)


def image(channels, size, scale=1.0):
    return (torch.rand(1, channels, *size) * scale).contiguous(memory_format=LAYOUT)


def smooth(channels, size, amplitude):
    """A field without jumps: few coefficients, interpolated."""
    coarse = torch.randn(1, channels, *[max(2, length // 16) for length in size]) * amplitude
    field = F.interpolate(coarse, size=tuple(size), mode="trilinear", align_corners=True)
    return field.contiguous(memory_format=LAYOUT)


def convolution(work):
    size, inputs, outputs = work["size"], work["inputs"], work["outputs"]
    kernel = (torch.randn(outputs, inputs, 3, 3, 3) * 0.05).contiguous(memory_format=LAYOUT)
    bias = torch.randn(outputs)
    x, dy = image(inputs, size), image(outputs, size)
    flags = {"inputGradient": [True, False, False], "filterGradient": [False, True, True]}
    if work["what"] == "forward":
        return lambda: F.leaky_relu_(F.conv3d(x, kernel, bias, padding=1), 0.2)
    mask = flags[work["what"]]
    one, zero = [1, 1, 1], [0, 0, 0]
    return lambda: torch.ops.aten.convolution_backward(dy, x, kernel, [outputs], one, one, one, False, zero, 1, mask)


def joined_convolution(work):
    size, coarse_channels, skip_channels, outputs = work["size"], work["coarse"], work["skip"], work["outputs"]
    kernel = (torch.randn(outputs, coarse_channels + skip_channels, 3, 3, 3) * 0.05).contiguous(memory_format=LAYOUT)
    bias = torch.randn(outputs)
    coarse = image(coarse_channels, [length // 2 for length in size])
    skip = image(skip_channels, size)

    def run():
        joined = torch.cat([F.interpolate(coarse, scale_factor=2, mode="nearest"), skip], 1)
        return F.leaky_relu_(F.conv3d(joined, kernel, bias, padding=1), 0.2)

    return run


def differentiated(function, variables):
    """A call that computes the function and its gradients."""
    for variable in variables:
        variable.requires_grad_(True)

    def run():
        result = function()
        return torch.autograd.grad(result, variables, torch.ones_like(result))

    return run


def operation(work):
    size, network = work["size"], Network.__new__(Network)
    network.grids, network.steps = {}, 7
    what = work["operation"]
    if what == "maxPool":
        x = image(work["channels"], size)
        function, variables = lambda: F.max_pool3d(x, 2), [x]
    elif what == "warp":
        x, field = image(1, size), smooth(3, size, 2.0)
        function, variables = lambda: network.warp(x, field), [x, field]
    elif what == "integrate":
        field = smooth(3, size, 2.0)

        def function():
            displacement = field / 128
            for _ in range(7):
                displacement = displacement + network.warp(displacement, displacement)
            return displacement

        variables = [field]
    elif what == "rescale":
        field = smooth(3, [length // 2 for length in size], 2.0)
        function = lambda: 2 * F.interpolate(field, size=tuple(size), mode="trilinear", align_corners=True)
        variables = [field]
    elif what == "lncc":
        fixed, moved = image(1, size), image(1, size)
        function, variables = lambda: lncc(fixed, moved), [moved]
    elif what == "squaredError":
        fixed, moved = image(1, size), image(1, size)
        function, variables = lambda: mse(fixed, moved), [moved]
    elif what == "smoothness":
        field = smooth(3, size, 2.0)
        function, variables = lambda: smoothness(field), [field]
    else:
        return None
    return differentiated(function, variables) if work["gradient"] else function


def dense(work):
    inputs, outputs = work["inputs"], work["outputs"]
    x, kernel, bias = torch.randn(1, inputs), torch.randn(inputs, outputs), torch.randn(outputs)
    run = lambda: x @ kernel + bias
    return differentiated(run, [x, kernel, bias]) if work["gradient"] else run


def adam(work):
    weight = torch.randn(work["parameters"], requires_grad=True)
    weight.grad = torch.randn(work["parameters"])
    optimiser = torch.optim.Adam([weight], lr=1e-4, eps=1e-7, fused=True)
    return optimiser.step


def network_call(work, model):
    size = work["size"]
    description, weights = read_model(model)
    moving, fixed = smooth(1, size, 1.0), smooth(1, size, 1.0)
    hyperparameters = torch.tensor([[0.5]])
    is_training = work["what"] == "training"
    network = Network(description["architecture"], weights, LAYOUT, training=is_training)
    if work["what"] == "unet":
        # Weights stay float32; autocast rounds what convolutions and matrix products read, as its users do.
        is_rounded = work.get("precision") == "bf16"

        def unet():
            with torch.autocast("cpu", torch.bfloat16, enabled=is_rounded):
                return network.velocity(moving, fixed, hyperparameters)

        return unet
    if not is_training:
        return lambda: network.predict(moving, fixed, hyperparameters)
    similarity = {"mse": mse, "lncc": lncc}[work["loss"]]
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, eps=1e-7, fused=True)

    def step():
        optimiser.zero_grad(set_to_none=True)
        velocity, _, moved = network.predict(moving, fixed, hyperparameters)
        loss = 0.5 * similarity(fixed, moved) + 0.5 * 2 * smoothness(velocity)
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def prepare(request):
    work = request["work"]
    kind = work["kind"]
    if kind == "convolution":
        return convolution(work)
    if kind == "joinedConvolution":
        return joined_convolution(work)
    if kind == "operation":
        return operation(work)
    if kind == "dense":
        return dense(work)
    if kind == "adam":
        return adam(work)
    if kind == "network":
        return network_call(work, request["model"])
    return None


def main():
    call, needs_gradients = None, False
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            call = None
            work = request["work"]
            needs_gradients = work.get("gradient", False) or work.get("what") == "training"
            call = prepare(request)
            answer = {"ready": call is not None}
        else:
            start, spent = time.perf_counter(), time.process_time()
            with torch.inference_mode(not needs_gradients):
                call()
            answer = {
                "ms": (time.perf_counter() - start) * 1000,
                "processorMs": (time.process_time() - spent) * 1000,
            }
        print(json.dumps(answer), flush=True)


main()
