#!/usr/bin/python3
"""Writes references.json beside itself: what PyTorch's optimizers and schedulers make of a small problem, in float64.

Needs PyTorch (made with 1.13; Debian: python3-torch). The problem is stated here and again, in C++, in
tests/optim/pytorch_test.cpp:

    two parameters, "weight" of 6 elements and "bias" of 4; element i (0 to 9, weight first) starts at i / 5 - 1
    gradient of element i at step t (1, 2, ...) = (1 + i % 3) (w - 0.5) + noise(t, i)
    noise(t, i) = ((7919 t + 104729 i) mod 1000) / 500 - 1
    from step 51 on the learning rate is 0.3 times the first one

With "late" the bias gets no gradient (None) in the steps 1 to 20 and 41 to 45; with "groups" its learning rate is
0.1 times and its weight decay 0 times that of the weight.
"""
import json
import re
from pathlib import Path

import torch
from torch.optim import lr_scheduler

STEPS = 100
RECORDED = (1, 2, 3, 10, 20, 21, 50, 51, 75, 100)

SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSPROP, ADAGRAD = torch.optim.RMSprop, torch.optim.Adagrad

OPTIMIZERS = {
    "sgd": (SGD, dict(lr=0.05)),
    "sgd decay": (SGD, dict(lr=0.05, weight_decay=0.1)),
    "sgd momentum": (SGD, dict(lr=0.02, momentum=0.9)),
    "sgd momentum decay": (SGD, dict(lr=0.02, momentum=0.9, weight_decay=0.1)),
    "sgd nesterov": (SGD, dict(lr=0.02, momentum=0.9, nesterov=True)),
    "sgd nesterov decay": (SGD, dict(lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.1)),
    "adam": (ADAM, dict()),
    "adam decay": (ADAM, dict(lr=0.01, weight_decay=0.1)),
    "adam betas": (ADAM, dict(lr=0.02, betas=(0.8, 0.95), eps=1e-3)),
    "adamw": (ADAMW, dict()),
    "adamw decay 0": (ADAMW, dict(lr=0.01, weight_decay=0)),
    "adamw decay": (ADAMW, dict(lr=0.01, weight_decay=0.1)),
    "rmsprop": (RMSPROP, dict()),
    "rmsprop decay": (RMSPROP, dict(lr=0.003, alpha=0.9, eps=1e-4, weight_decay=0.1)),
    "rmsprop centered": (RMSPROP, dict(lr=0.003, centered=True)),
    "rmsprop momentum": (RMSPROP, dict(lr=0.003, momentum=0.9)),
    "rmsprop centered momentum decay": (RMSPROP, dict(lr=0.001, centered=True, momentum=0.8, weight_decay=0.1)),
    "adagrad": (ADAGRAD, dict()),
    "adagrad slowing": (ADAGRAD, dict(lr=0.1, lr_decay=0.1)),
    "adagrad initial decay": (ADAGRAD, dict(lr=0.1, initial_accumulator_value=0.5, weight_decay=0.1, eps=1e-3)),
    "sgd momentum decay, late": (SGD, dict(lr=0.02, momentum=0.9, weight_decay=0.1)),
    "adam, late": (ADAM, dict(lr=0.01)),
    "adamw decay, late": (ADAMW, dict(lr=0.01, weight_decay=0.1)),
    "rmsprop centered momentum, late": (RMSPROP, dict(lr=0.001, centered=True, momentum=0.8)),
    "adagrad slowing, late": (ADAGRAD, dict(lr=0.1, lr_decay=0.1)),
    "sgd momentum decay, groups": (SGD, dict(lr=0.02, momentum=0.9, weight_decay=0.1)),
    "adam decay, groups": (ADAM, dict(lr=0.01, weight_decay=0.1)),
    "adamw decay, groups": (ADAMW, dict(lr=0.01, weight_decay=0.1)),
}


def noise(t, i):
    return ((7919 * t + 104729 * i) % 1000) / 500 - 1


def run(name, kind, options):
    index = torch.arange(10, dtype=torch.float64)
    start = index / 5 - 1
    weight = start[:6].clone().requires_grad_()
    bias = start[6:].clone().requires_grad_()
    groups = [{"params": [weight]}, {"params": [bias]}]
    optimizer = kind(groups, **options)
    if name.endswith("groups"):
        optimizer.param_groups[1]["lr"] *= 0.1
        optimizer.param_groups[1]["weight_decay"] = 0
    recorded = {}
    for t in range(1, STEPS + 1):
        if t == 51:
            for group in optimizer.param_groups:
                group["lr"] *= 0.3
        for parameter, first in ((weight, 0), (bias, 6)):
            elements = range(first, first + len(parameter))
            slope = torch.tensor([1.0 + i % 3 for i in elements], dtype=torch.float64)
            shift = torch.tensor([noise(t, i) for i in elements], dtype=torch.float64)
            parameter.grad = slope * (parameter.detach() - 0.5) + shift
        if name.endswith("late") and (t <= 20 or 41 <= t <= 45):
            bias.grad = None
        optimizer.step()
        if t in RECORDED:
            recorded[t] = torch.cat([weight, bias]).tolist()
    return recorded


def rates(optimizer, step):
    """The learning rate before the first step of a scheduler and after each of 60."""
    found = [optimizer.param_groups[0]["lr"]]
    for epoch in range(60):
        optimizer.step()
        step(epoch)
        found.append(optimizer.param_groups[0]["lr"])
    return found


def loss(epoch):
    """Falls for 15 epochs, then wavers about a level, with a new best in epoch 40."""
    level = max(2 - 0.1 * epoch, 0.5) + ((7919 * epoch) % 100) / 1000
    return 0.45 if epoch == 40 else level


def schedules():
    def make(rate=0.1):
        return SGD([torch.zeros(1, requires_grad=True)], lr=rate)

    def closed(kind, **options):
        optimizer = make()
        scheduler = kind(optimizer, **options)
        return rates(optimizer, lambda epoch: scheduler.step())

    def warmed(warmup, total, minimum, start):
        optimizer = make()
        scheduler = lr_scheduler.SequentialLR(optimizer, [
            lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=warmup),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup, eta_min=minimum)], milestones=[warmup])
        return rates(optimizer, lambda epoch: scheduler.step())

    def plateau(**options):
        optimizer = make()
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        return rates(optimizer, lambda epoch: scheduler.step(loss(epoch)))

    return {
        "step decay": closed(lr_scheduler.StepLR, step_size=7, gamma=0.5),
        "multi-step decay": closed(lr_scheduler.MultiStepLR, milestones=[10, 11, 45], gamma=0.3),
        "piecewise rates": closed(lr_scheduler.LambdaLR,
                                  lr_lambda=lambda n: 1 if n < 20 else 0.3 if n < 35 else 0.1),
        "exponential decay": closed(lr_scheduler.ExponentialLR, gamma=0.9),
        "cosine": closed(lr_scheduler.CosineAnnealingLR, T_max=60, eta_min=0.001),
        "cosine with warm-up": warmed(8, 60, 0.002, 0.25),
        "one cycle": closed(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=61, cycle_momentum=False),
        "one cycle, other options": closed(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=61, pct_start=0.45,
                                           div_factor=10, final_div_factor=100, cycle_momentum=False),
        "plateau": plateau(patience=4, factor=0.5),
        "plateau, patience 0": plateau(patience=0, factor=0.9),
        "plateau, cooldown": plateau(patience=2, factor=0.5, cooldown=3, min_lr=0.004),
        "plateau, threshold": plateau(patience=3, factor=0.5, threshold=0.2),
        "plateau, threshold 0": plateau(patience=3, factor=0.5, threshold=0),
    }


def main():
    cases = [{"name": name, "values": run(name, *case)} for name, case in OPTIMIZERS.items()]
    data = {"made with": "PyTorch " + torch.__version__, "optimizers": cases,
            "losses": [loss(epoch) for epoch in range(60)], "schedules": schedules()}
    text = re.sub(r"\[[^][{}]*\]", lambda row: " ".join(row[0].split()), json.dumps(data, indent=1))
    Path(__file__).with_name("references.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
