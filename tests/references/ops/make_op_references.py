#!/usr/bin/python3
"""Writes <header>.json beside itself: what PyTorch's operators give, in float64, and how they pull cotangents back.

Needs PyTorch (made with 1.13; Debian: python3-torch). Each case is

    {"name": ..., "elementwise": ..., "inputs": [M, ...], "output": M, "cotangent": M, "gradients": [M, ...]}

where a matrix M is [rows, columns, element, element, ...], column by column, and one column is one sample. PyTorch has
samples as rows, so that its elements, row by row, are these. Labels are matrices as well; their gradient is null. NaN
and infinities are strings. Inputs and cotangents have few digits. The name is that of the op's samples in tests/ops;
elementwise says that the numbers are compared one by one, since their magnitudes differ.

training.json holds a small network before and after a few steps: the inputs are all batches side by side, their
targets, the parameters and the running statistics; the gradients are what parameters and statistics have become
(of the first two nothing); the output is that of the first batch in evaluation, and so is the cotangent, in training.
"""
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(20220713)
DOUBLE = torch.float64
SHAPES = [(1, 1), (3, 1), (1, 2), (3, 2), (5, 17), (1, 17)]  # features, batch
FEW = [(1, 1), (3, 2), (5, 17)]
LARGE = (257, 2)


def number(x):
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return int(x) if x != 0 and x == int(x) and abs(x) < 1e15 else x  # -0.0 keeps its sign


class Samples:
    """A tensor with samples as rows (batch x features): a features x batch matrix here."""

    def __init__(self, tensor):
        self.tensor = tensor.detach().clone().requires_grad_(tensor.is_floating_point())

    @staticmethod
    def encode(t):
        rows = t.shape[1] if t.dim() == 2 else 1
        return [rows, t.shape[0] if t.dim() > 0 else 1] + [number(x) for x in t.detach().reshape(-1).tolist()]


class Plain(Samples):
    """A tensor that is a matrix as it stands: a weight, [out, in]."""

    @staticmethod
    def encode(t):
        return [t.shape[0], t.shape[1]] + [number(x) for x in t.detach().t().reshape(-1).tolist()]


class Column(Samples):
    """A tensor of one dimension: a column here."""

    @staticmethod
    def encode(t):
        return [t.shape[0], 1] + [number(x) for x in t.detach().tolist()]


def few_digits(t, digits=3):
    return (t * 10**digits).round() / 10**digits


def normal(*shape):
    return few_digits(torch.randn(shape, dtype=DOUBLE))


def samples(f, b):
    return Samples(normal(b, f))


class File:
    def __init__(self, header):
        self.header = header
        self.cases = []

    def add(self, name, function, inputs, cotangent=None, elementwise=False):
        y = function(*[i.tensor for i in inputs])
        dy = normal(*y.shape) if cotangent is None else cotangent
        wanted = [i.tensor for i in inputs if i.tensor.requires_grad]
        gradients = iter(torch.autograd.grad(y, wanted, dy))
        self.cases.append({
            "name": name,
            "elementwise": elementwise,
            "inputs": [i.encode(i.tensor) for i in inputs],
            "output": Samples.encode(y),
            "cotangent": Samples.encode(dy),
            "gradients": [i.encode(next(gradients)) if i.tensor.requires_grad else None for i in inputs],
        })

    def write(self):
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in self.cases)
        made = f"PyTorch {torch.__version__}"
        Path(__file__).with_name(self.header + ".json").write_text(f'{{"made with":"{made}","cases":[\n{lines}\n]}}\n')
        vectors = sum(1 + sum(g is not None for g in c["gradients"]) for c in self.cases)
        print(f"{self.header}: {len(self.cases)} cases, {vectors} vectors to compare")


SPECIAL = [0.0, -0.0, 1e30, -1e30, 1e-30, -1e-30, 5e-324, -5e-324, 1e-310, math.inf, -math.inf, math.nan, 40.0, -40.0,
           800.0, -800.0]


def activation():
    file = File("activation")
    functions = {
        "relu": torch.relu,
        "leaky_relu": F.leaky_relu,
        "leaky_relu 0.3": lambda x: F.leaky_relu(x, 0.3),
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "softplus": lambda x: F.softplus(x, threshold=40),
        "elu": F.elu,
        "elu 0.7": lambda x: F.elu(x, 0.7),
        "gelu": F.gelu,
        "silu": F.silu,
    }
    for name, function in functions.items():
        for f, b in SHAPES:
            file.add(name, function, [samples(f, b)])
        file.add(name, function, [Samples(10 * normal(17, 5))])
        special = SPECIAL
        if name in ("gelu", "silu"):  # whose derivatives are NaN at infinity in PyTorch
            special = [x for x in SPECIAL if not math.isinf(x)]
        if name.startswith("elu"):  # which PyTorch computes as exp(x) - 1
            special = [x for x in SPECIAL if not abs(x) < 1]
        special = torch.tensor([special], dtype=DOUBLE)
        file.add(name, function, [Samples(special)], cotangent=torch.full_like(special, 1.5), elementwise=True)
    file.add("tanh", torch.tanh, [samples(*LARGE)])
    file.write()


def affine():
    file = File("affine")
    for m, n, b in [(1, 1, 1), (1, 3, 2), (3, 1, 2), (3, 5, 1), (5, 3, 17), (5, 5, 5), (2, 257, 2), (1, 5, 17)]:
        file.add("affine", lambda w, c, x: F.linear(x, w, c), [Plain(normal(m, n)), Column(normal(m)), samples(n, b)])
        file.add("product", lambda w, x: F.linear(x, w), [Plain(normal(m, n)), samples(n, b)])
    file.write()


def arithmetic():
    file = File("arithmetic")
    for f, b in SHAPES:
        file.add("add", lambda x, y: x + y, [samples(f, b), samples(f, b)])
        file.add("subtract", lambda x, y: x - y, [samples(f, b), samples(f, b)])
        file.add("multiply", lambda x, y: x * y, [samples(f, b), samples(f, b)])
        file.add("scale -2.5", lambda x: -2.5 * x, [samples(f, b)])
    file.write()


def reduction():
    file = File("reduction")
    for f, b in SHAPES:
        file.add("sum everything", torch.sum, [samples(f, b)])
        file.add("sum features", lambda x: x.sum(1, keepdim=True), [samples(f, b)])
        file.add("sum batch", lambda x: x.sum(0, keepdim=True), [samples(f, b)])
        file.add("mean everything", torch.mean, [samples(f, b)])
        file.add("mean features", lambda x: x.mean(1, keepdim=True), [samples(f, b)])
        file.add("mean batch", lambda x: x.mean(0, keepdim=True), [samples(f, b)])
    file.write()


def shape():
    file = File("shape")
    for b in (1, 2, 17):
        for rows in [(3,), (1, 3), (2, 5, 1), (1, 2, 3, 1, 4)]:
            file.add("concatenate_rows", lambda *x: torch.cat(x, 1), [samples(f, b) for f in rows])
        for first, count in [(0, 5), (0, 1), (4, 1), (1, 3)]:
            file.add(f"slice_rows {first} {count}", lambda x: x[:, first:first + count], [samples(5, b)])
    file.write()


def softmax():
    file = File("softmax")
    for name, function in [("softmax", lambda x: F.softmax(x, 1)), ("log_softmax", lambda x: F.log_softmax(x, 1))]:
        for f, b in SHAPES + [LARGE]:
            file.add(name, function, [samples(f, b)])
        file.add(name, function, [Samples(few_digits(1e4 * torch.randn(5, 3, dtype=DOUBLE), 0))])
        file.add(name, function, [Samples(torch.tensor([[1e4, -1e4, 1e4], [-1e4, -1e4, -1e4], [1e30, -1e30, 0.0],
                                                         [0.0, -math.inf, 1.0], [math.nan, 0.0, 1.0],
                                                         [math.inf, 0.0, 1.0]], dtype=DOUBLE))])
    file.write()


def normalization():
    file = File("normalization")
    # With a small epsilon the derivatives of a batch of two nearly cancel; so do those of two features.
    variants = [("", 1e-5, [(1, 17), (3, 17), (5, 3), (5, 17)], [(3, 2), (5, 17), (5, 1), LARGE]),
                (" 0.1", 0.1, [(1, 2), (3, 2), (5, 17), LARGE], [(2, 1), (3, 2), (5, 17)])]
    for suffix, epsilon, batch_shapes, layer_shapes in variants:
        def column(f):
            return Column(normal(f))

        for f, b in batch_shapes:
            file.add("batch_norm" + suffix, lambda x, g, c: F.batch_norm(x, None, None, g, c, True, 0.1, epsilon),
                     [samples(f, b), column(f), column(f)])
        for f, b in SHAPES:
            file.add("batch_norm_given" + suffix, lambda x, g, c, m, v: (x - m) / torch.sqrt(v + epsilon) * g + c,
                     [samples(f, b), column(f), column(f), column(f), Column(normal(f).abs() + 0.5)])
        for f, b in layer_shapes:
            file.add("layer_norm" + suffix, lambda x, g, c: F.layer_norm(x, (f,), g, c, epsilon),
                     [samples(f, b), column(f), column(f)])
    file.write()


# PyTorch's "mean" is over elements, or over samples where there is one loss a sample.
def reduced(loss, reduction, batch):
    if reduction == "element_mean":
        return loss("mean")
    return loss("sum") / (batch if reduction == "batch_mean" else 1)


def loss():
    file = File("loss")
    for reduction in ("batch_sum", "batch_mean", "element_mean"):
        # One cross-entropy a sample: the mean over elements is that over samples.
        per_sample = "batch_sum" if reduction == "batch_sum" else "element_mean"

        def add(name, function, x, target, kind=reduction):
            def total(x, t):
                return reduced(lambda r: function(x, t, reduction=r), kind, len(x))
            file.add(f"{name} {reduction}", total, [x, Samples(target)])

        for f, b in SHAPES:
            share = few_digits(torch.rand(b, f, dtype=DOUBLE))
            add("mse", F.mse_loss, samples(f, b), normal(b, f))
            add("l1", F.l1_loss, samples(f, b), normal(b, f))
            add("huber 1", F.huber_loss, samples(f, b), normal(b, f))
            add("huber 0.4", lambda *a, **k: F.huber_loss(*a, **k, delta=0.4), samples(f, b), normal(b, f))
            add("binary_cross_entropy", F.binary_cross_entropy_with_logits, samples(f, b), share)
            add("cross_entropy", F.cross_entropy, samples(f, b), torch.randint(f, (b,)), per_sample)
            add("soft_cross_entropy", F.cross_entropy, samples(f, b), share, per_sample)
        add("binary_cross_entropy", F.binary_cross_entropy_with_logits,
            Samples(torch.tensor([[200.0], [200.0], [-200.0], [-200.0]], dtype=DOUBLE)),
            torch.tensor([[0.0], [1.0], [0.0], [1.0]], dtype=DOUBLE))
        add("cross_entropy", F.cross_entropy,
            Samples(torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4], [1e30, 0.0, 1.0]], dtype=DOUBLE)),
            torch.tensor([0, 0, 0]), per_sample)
    file.write()


STEPS, BATCH, RATE = 5, 8, 0.1


def training():
    file = File("training")
    for name, norm, activation in [("batch_norm tanh", torch.nn.BatchNorm1d, torch.nn.Tanh()),
                                   ("layer_norm gelu", torch.nn.LayerNorm, torch.nn.GELU()),
                                   ("identity softplus", None, torch.nn.Softplus(threshold=40))]:
        first, last = torch.nn.Linear(4, 6), torch.nn.Linear(6, 3)
        middle = norm(6) if norm else torch.nn.Identity()
        model = torch.nn.Sequential(first, middle, activation, last).double()
        statistics = [getattr(middle, k) for k in ("running_mean", "running_var") if hasattr(middle, k)]
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(few_digits(p + 0.1 * torch.randn(p.shape, dtype=DOUBLE)))

        def now():
            tensors = [*first.parameters(), *middle.parameters(), *last.parameters(), *statistics]
            return [(Plain if t.dim() == 2 else Column).encode(t) for t in tensors]

        x, target = normal(STEPS * BATCH, 4), normal(STEPS * BATCH, 3)
        before = now()
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        for step in range(STEPS):
            batch = slice(step * BATCH, (step + 1) * BATCH)
            optimizer.zero_grad()
            (F.mse_loss(model(x[batch]), target[batch], reduction="sum") / BATCH).backward()
            optimizer.step()
        after = now()
        model.eval()
        evaluated = model(x[:BATCH])
        model.train()
        file.cases.append({
            "name": name,
            "elementwise": False,
            "inputs": [Samples.encode(x), Samples.encode(target), *before],
            "output": Samples.encode(evaluated),
            "cotangent": Samples.encode(model(x[:BATCH])),
            "gradients": [[0, 0], [0, 0], *after],
        })
    file.write()


for make in (activation, affine, arithmetic, reduction, shape, softmax, normalization, loss, training):
    make()
