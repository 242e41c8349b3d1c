"""The loop of a training with PyTorch: by the clock, since a GPU is lent by the minute, and to be gone on with."""

import math
import os
import time

import torch
from safetensors.numpy import save_file


def add_options(parser):
    parser.add_argument("--output", required=True)
    parser.add_argument("--minutes", type=float, default=9, help="of the whole training, to whose end the rate falls")
    parser.add_argument("--pause-after", type=float, help="minutes after which the training is left in --state, from where it goes on")
    parser.add_argument("--state")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0, help="of the weights, AdamW's")
    parser.add_argument("--seed", type=int, default=1)


def begin(options):
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    return "cuda" if torch.cuda.is_available() else "cpu"


def save(weights, path):
    save_file(weights, path + ".part")
    os.replace(path + ".part", path)


def train(model, loss_of_step, report, options, device):
    """Adam at a rate that rises for 200 steps and falls by a cosine to a hundredth.

    @param loss_of_step: draws a batch and gives its loss.
    @param report: what to say of the model as it is, every half minute.
    """
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=options.decay, fused=device == "cuda")
    before, step = 0, 0
    if options.state and os.path.exists(options.state):
        state = torch.load(options.state)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        before, step = state["elapsed"], state["step"]
        torch.manual_seed(options.seed + step)
    start = said = time.time()
    length = 60 * options.minutes
    last = min(length, before + 60 * (options.pause_after or options.minutes))
    losses, elapsed = [], before
    while (elapsed := before + time.time() - start) < last:
        falling = 0.01 + 0.99 * (1 + math.cos(math.pi * elapsed / length)) / 2
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 200) * falling
        loss = loss_of_step()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.detach())
        step += 1
        if step % 20 == 0 and time.time() - said > 30:
            said = time.time()
            print(f"{elapsed:5.0f} s  step {step}  loss {torch.stack(losses).mean().item():.4f}  {report()}", flush=True)
            losses = []
            save(model.weights(), options.output)
    print(f"end  step {step}  {report()}", flush=True)
    if options.state:
        state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "elapsed": elapsed, "step": step}
        torch.save(state, options.state)
    save(model.weights(), options.output)
