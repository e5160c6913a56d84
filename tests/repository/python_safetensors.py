#!/usr/bin/env python3
"""Files go to Python and back: what this library writes, the package safetensors reads, value by value, and the other
way round; a network trained here answers the same in PyTorch, and one trained there here; our SHA-256 is hashlib's. What
`tapedeck export` writes answers in PyTorch as `tapedeck predict` does.

usage: python_safetensors.py ROOT BUILD

PyTorch and numpy are Debian's. Where Debian's Python does not find the package safetensors, it is installed from PyPI into
a virtual environment in the user's cache, ~/.cache/tapedeck/python, once; without PyPI, and without that environment, this
fails.
"""
import os
import subprocess
import sys
from pathlib import Path

DEBIAN_PYTHON = "/usr/bin/python3"  # another one does not see the packages of Debian
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def environment():
    """A Python that has the packages; made where there is none."""
    folder = CACHE / "tapedeck" / "python"
    python = folder / "bin" / "python3"
    imports = ["-c", "import safetensors.torch, torch, numpy"]
    for candidate in DEBIAN_PYTHON, str(python):
        if Path(candidate).exists() and subprocess.run([candidate, *imports], capture_output=True).returncode == 0:
            return candidate
    for command in ([DEBIAN_PYTHON, "-m", "venv", "--clear", "--system-site-packages", str(folder)],
                    [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "safetensors"],
                    [str(python), *imports]):
        result = subprocess.run(command, text=True, capture_output=True)
        if result.returncode:
            sys.exit("Nothing was compared with Python: a package is missing (Debian: python3-venv, python3-torch, "
                     "python3-numpy; PyPI, which must be within reach: safetensors).\n"
                     f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return str(python)


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    python = environment()
    subprocess.run(["cmake", "--build", build, "--target", "tapedeck_io_tool", "tapedeck_cli", "--parallel",
                    str(os.cpu_count())], check=True, stdout=subprocess.DEVNULL)
    tests = root / "tests"
    files = subprocess.run([python, tests / "io" / "python_interop.py", build / "tests" / "tapedeck_io_tool",
                            build / "tests"]).returncode
    weights = subprocess.run([python, tests / "cli" / "python_export.py", build / "tapedeck"]).returncode
    return files or weights


if __name__ == "__main__":
    sys.exit(main())
