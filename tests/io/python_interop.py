"""Compares the files of tapedeck_io_tool with those of the package safetensors, in both directions.

usage: python_interop.py TOOL FOLDER      the folder is written into

If PyTorch can be imported, safetensors.torch is compared as well.
"""
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
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
    "steps": counted(1, 4, 0xFFFFFFFF00000000, 1, np.uint64),
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
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
        expect("a slice", described(opened.get_slice("fc.weight")[1:2]), described(WRITTEN["fc.weight"][1:2]))
    expect("words", {name: words for name, words in metadata.items() if name != "sha256"}, {"optimizer": WORDS})
    content = file.read_bytes()
    digits = metadata["sha256"].encode()
    expect("places of the checksum", content.count(digits), 1)
    expect("checksum", hashlib.sha256(content.replace(digits, b"0" * 64)).hexdigest(), digits.decode())


ELEMENTS = {"float32": "float", "float64": "double"}


def printed(arrays, words):
    """What the tool prints of a file."""
    lines = []
    for name, array in sorted(arrays.items()):
        rows = array.reshape(1, 1) if array.ndim == 0 else array.reshape(len(array), int(np.prod(array.shape[1:])))
        bits = rows.astype(np.uint64) if array.dtype.kind in "ui" else rows.view(f"u{array.itemsize}")
        kind = "vector" if array.ndim == 1 else "matrix"
        head = [name, ELEMENTS.get(str(array.dtype), "index"), *map(str, rows.shape), kind]
        lines.append(" ".join(head + [f"{b:x}" for b in bits.flatten().tolist()]))
    lines += [f"{name} = {text}" for name, text in sorted(words.items())]
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

    save_file({"x": np.array([1, -2])}, file)
    expect("negative", run("print", file).stderr, f'{file}: tensor "x" holds -2 at its element 1; expected 0 or more '
           "(indices have no sign)\n")
    save_file({"x": np.zeros(3, np.float16)}, file)
    expect("F16", run("print", file).stderr, f'{file}: tensor "x" has the dtype "F16"; expected "F32", "F64", "I64", '
           '"U64" or "U8"\n')


def with_torch(file):
    try:
        import torch
        from safetensors.torch import load_file as load, save_file as save
    except ImportError:
        return
    tensors = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.tensor([1.0, 2.0])}
    save(tensors, file)
    expect("what PyTorch wrote", run("print", file).stdout, printed({n: t.numpy() for n, t in tensors.items()}, {}))
    run("write", file)
    layer = torch.nn.Linear(3, 2)
    layer.load_state_dict({name.removeprefix("fc."): t for name, t in load(file).items() if name.startswith("fc.")})
    expect("a Linear", described(layer.weight.detach().numpy()), described(WRITTEN["fc.weight"]))


def digests(file):
    content = np.random.default_rng(2).bytes(300)
    file.write_bytes(content)
    expect("sha256", run("sha256", file).stdout.split(),
           [hashlib.sha256(content[:size]).hexdigest() for size in range(301)])


with tempfile.TemporaryDirectory(dir=folder) as scratch:
    for number, compare in enumerate([written_here_read_there, written_there_read_here, with_torch, digests]):
        compare(Path(scratch) / f"{number}.safetensors")
print("\n".join(faults))
sys.exit(bool(faults))
