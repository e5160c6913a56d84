#!/usr/bin/env python3
"""Files go to Python and back: what this library writes, the package safetensors reads, value by value, and the other
way round; and our SHA-256 is that of hashlib.

usage: python_safetensors.py ROOT BUILD

The packages safetensors and numpy are installed from PyPI into a virtual environment in the build folder, once. Without
PyPI, and without that environment, this fails.
"""
import os
import subprocess
import sys
from pathlib import Path

PACKAGES = ["safetensors", "numpy"]


def environment(build):
    """A Python that has the packages; made where there is none."""
    python = build / "python" / "bin" / "python3"
    imports = [str(python), "-c", "import " + ", ".join(PACKAGES)]
    if python.exists() and subprocess.run(imports, capture_output=True).returncode == 0:
        return python
    for command in ([sys.executable, "-m", "venv", "--clear", str(build / "python")],
                    [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
                    imports):
        result = subprocess.run(command, text=True, capture_output=True)
        if result.returncode:
            sys.exit(f"Nothing was compared with Python: {' '.join(PACKAGES)} cannot be installed (Debian: "
                     f"python3-venv; PyPI must be within reach).\n{' '.join(command)}\n{result.stdout}{result.stderr}")
    return python


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    python = environment(build)
    subprocess.run(["cmake", "--build", build, "--target", "tapedeck_io_tool", "--parallel", str(os.cpu_count())],
                   check=True, stdout=subprocess.DEVNULL)
    comparison = root / "tests" / "io" / "python_interop.py"
    return subprocess.run([python, comparison, build / "tests" / "tapedeck_io_tool", build / "tests"]).returncode


if __name__ == "__main__":
    sys.exit(main())
