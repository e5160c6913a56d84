"""Compares the files of tapedeck_io_tool with those of the package safetensors, and its networks with PyTorch's, in
both directions.

usage: python_interop.py TOOL FOLDER      the folder is written into
"""
import hashlib
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

tool, folder = Path(sys.argv[1]), Path(sys.argv[2])
faults = []


def expect(what, got, wanted):
    if got != wanted:
        faults.append(f"{what}:\n  {str(got)[:1000]}\nand not\n  {str(wanted)[:1000]}")


def run(*arguments):
    return subprocess.run([tool, *map(str, arguments)], text=True, capture_output=True, encoding="utf-8")


def described(array):
    """Type, shape, and bits."""
    return f"{array.dtype} {array.shape} {np.ascontiguousarray(array).tobytes().hex()}"


def counted(rows, cols, first, step, dtype):
    """What the tool writes: its elements count on in the order of memory, column by column."""
    with np.errstate(over="ignore"):
        values = dtype(first) + dtype(step) * np.arange(rows * cols).astype(dtype)
    return values.reshape(cols, rows).T


WRITTEN = {
    "fc.weight": counted(2, 3, 0.5, 0.25, np.float32),
    "fc.bias": np.array([-1, 2], np.float32),
    "double": counted(3, 2, 1e-300, 1e300, np.float64),
    "steps": counted(1, 4, 0xFFFFFFFF00000000, 1, np.uint64).view(np.int64),
    "kernel": counted(2, 12, 0, 1, np.float32).reshape(2, 3, 2, 2),
    "number": np.array(2.5),
    "empty": np.zeros((0, 7)),
    "large": counted(1021, 1031, 0, 1, np.float32),
    'namé "quoted"': np.array([[0.0]]),
}
WORDS = 'Adam ü "\\\n'


def written_here_read_there(file):
    expect("write", run("write", file).stderr, "")
    read = load_file(file)
    expect("names", sorted(read), sorted(WRITTEN))
    for name, wanted in WRITTEN.items():
        expect(f"{name} in Python", described(read[name]), described(wanted))
    torch_read = safetensors.torch.load_file(file)  # old versions refuse U64, for example
    expect("PyTorch", {name: described(tensor.numpy()) for name, tensor in torch_read.items()},
           {name: described(wanted) for name, wanted in WRITTEN.items()})
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
        expect("a slice", described(opened.get_slice("fc.weight")[1:2]), described(WRITTEN["fc.weight"][1:2]))
    expect("words", {name: words for name, words in metadata.items() if name != "sha256"}, {"optimizer": WORDS})
    content = file.read_bytes()
    digits = metadata["sha256"].encode()
    expect("places of the checksum", content.count(digits), 1)
    expect("checksum", hashlib.sha256(content.replace(digits, b"0" * 64)).hexdigest(), digits.decode())


ELEMENTS = {"float16": "float", "float32": "float", "float64": "double"}


def printed(arrays, words, left_out=()):
    """What the tool prints of a file."""
    lines = []
    for name, array in sorted(arrays.items()):
        rows = array.reshape(1, 1) if array.ndim == 0 else array.reshape(len(array), int(np.prod(array.shape[1:])))
        if array.dtype == np.float16:
            rows = rows.astype(np.float32)
        bits = rows.astype(np.uint64) if array.dtype.kind in "uib" else rows.view(f"u{rows.itemsize}")
        head = [name, ELEMENTS.get(str(array.dtype), "index"), str(list(array.shape))]
        lines.append(" ".join(head + [f"{b:x}" for b in bits.flatten().tolist()]))
    lines += [f"{name} = {text}" for name, text in sorted(words.items())]
    lines += [f"{name} is {what}" for name, what in sorted(left_out)]
    return "\n".join(lines) + "\n"


def written_there_read_here(file):
    random = np.random.default_rng(1)
    arrays = {
        "w": random.standard_normal((5, 3)).astype(np.float32),
        "bias": random.standard_normal(4),
        "kernel": random.standard_normal((4, 3, 2, 2)).astype(np.float32),
        "deep": np.arange(256.0).reshape((2,) * 8),
        "number": np.array(2.5),
        "empty": np.zeros((3, 0), np.float32),
        "bytes": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "flags": np.array([[True, False, True]]),
        "half": np.arange(0x7C00, dtype=np.uint16).view(np.float16).reshape(2, 16, -1),
        **{str(t): np.array([[1, 2, 3], [4, 5, 6]], t) for t in ("int8", "int16", "int32", "uint16", "uint32")},
        "labels": np.array([3, 0, 2**62]),
        "count": np.array([[2**64 - 1]], np.uint64),
        "bits": np.array([0x7F812345, 0x80000000, 1, 0xFFC00001], np.uint32).view(np.float32),
        "big": random.standard_normal((700, 900)),
        "é": np.zeros((1, 1)),
    }
    words = {"format": "np", "é": "ü"}
    save_file(arrays, file, metadata=words)
    read = run("print", file)
    expect("print", read.stderr, "")
    expect("what Python wrote", read.stdout, printed(arrays, words))

    numbers = np.arange(4, dtype=np.float32)
    negative = {str(t): np.array([1, -2], t) for t in ("int8", "int16", "int32", "int64")}
    save_file({"x": numbers, **negative}, file)
    expect("negative numbers", run("print", file).stdout,
           printed({"x": numbers}, {}, [(t, f"of {t[0].upper()}{t[3:]} with -2 at its element 1") for t in negative]))

    safetensors.torch.save_file({"x": torch.tensor(numbers).bfloat16(), "c": torch.ones(3, dtype=torch.complex64)}, file)
    expect("BF16 and C64", run("print", file).stdout, printed({"x": numbers}, {}, [("c", "of C64")]))

    def made_by_hand(header, content):
        file.write_bytes(len(header).to_bytes(8, "little") + header + content)
        with safe_open(file, framework="numpy") as opened:
            expect("Python reads", list(opened.keys()), ["x"])

    made_by_hand(b'{"x":{"dtype":"F8_E4M3","shape":[2,3],"data_offsets":[0,6]}}', bytes(6))
    expect("F8", run("print", file).stdout, printed({}, {}, [("x", "of F8_E4M3")]))
    made_by_hand(b'{"__metadata__":null,"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', numbers.tobytes())
    expect("null", run("print", file).stdout, printed({"x": numbers}, {}))


class Network(torch.nn.Sequential):
    """The one that tool.cpp has, by the same names."""

    def __init__(self, dtype):
        layers = OrderedDict(fc_1=torch.nn.Linear(3, 5), bn=torch.nn.BatchNorm1d(5), tanh=torch.nn.Tanh(),
                             fc_2=torch.nn.Linear(5, 4), ln=torch.nn.LayerNorm(4), relu=torch.nn.ReLU(),
                             fc_3=torch.nn.Linear(4, 2))
        super().__init__(layers)
        self.to(dtype)

    def trained(self, steps):
        x = torch.randn(64, 3, dtype=self.fc_1.weight.dtype)
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01)
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(self(x), x[:, :2] ** 2 + x[:, 1:]).backward()
            optimizer.step()
        return self


def expect_same_answers(what, model, file):
    """Of the model in PyTorch, and of the file's weights here; in units of the largest answer. The longest sum has five
    terms: a few roundings in each of seven layers."""
    dtype = model.fc_1.weight.dtype
    x = torch.randn(40, 3, dtype=torch.float64)
    inputs, outputs = file.with_suffix(".x"), file.with_suffix(".y")
    safetensors.torch.save_file({"x": x}, inputs)
    scalar = {torch.float32: "float", torch.float64: "double"}[dtype]
    expect(f"{what}: predict", run("predict", scalar, file, inputs, outputs).stderr, "")
    y = model.eval()(x.to(dtype)).detach().double()
    difference = (safetensors.torch.load_file(outputs)["y"] - y).abs().max() / y.abs().max()
    bound = 64 * torch.finfo(dtype).eps
    if not difference <= bound:
        faults.append(f"{what}: answers differ by {difference:.2g} of the largest, and not by at most {bound:.2g}")


def networks_to_pytorch_and_back(file):
    torch.manual_seed(3)
    for scalar, dtype in (("float", torch.float32), ("double", torch.float64)):
        expect(f"train {scalar}", run("train", scalar, file).stderr, "")
        model = Network(dtype)
        model.load_state_dict(safetensors.torch.load_file(file))  # refuses names and shapes that are not its own
        expect_same_answers(f"trained here, {scalar}", model, file)

        model.trained(10)  # here, there, and here again
        safetensors.torch.save_file(model.state_dict(), file)
        expect_same_answers(f"trained on in PyTorch, {scalar}", model, file)
        safetensors.torch.save_file(Network(dtype).trained(10).state_dict(), file)
        loaded = Network(dtype)
        loaded.load_state_dict(safetensors.torch.load_file(file))
        expect_same_answers(f"trained in PyTorch, {scalar}", loaded, file)
        for half in torch.float16, torch.bfloat16:  # beside tensors that nobody needs
            rounded = Network(dtype).trained(10).to(half)
            others = {"mask": torch.tensor([True]), "ids": torch.tensor([-1], dtype=torch.int32),
                      "phase": torch.ones(2, dtype=torch.complex64)}
            safetensors.torch.save_file({**rounded.state_dict(), **others}, file)
            expect_same_answers(f"{half} in {scalar}", rounded.to(dtype), file)


def digests(file):
    content = np.random.default_rng(2).bytes(300)
    file.write_bytes(content)
    expect("sha256", run("sha256", file).stdout.split(),
           [hashlib.sha256(content[:size]).hexdigest() for size in range(301)])


with tempfile.TemporaryDirectory(dir=folder) as scratch:
    for number, compare in enumerate([written_here_read_there, written_there_read_here, networks_to_pytorch_and_back, digests]):
        compare(Path(scratch) / f"{number}.safetensors")
print("\n".join(faults))
sys.exit(bool(faults))
