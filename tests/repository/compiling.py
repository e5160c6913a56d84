"""What the checks that compile have in common. Not a check itself."""
import hashlib
import json
import os
import shlex
import subprocess
from pathlib import Path


def compiler_of(build):
    cache = (build / "CMakeCache.txt").read_text().splitlines()
    return next(line.split("=", 1)[1] for line in cache if line.startswith("CMAKE_CXX_COMPILER:"))


def pkg_config(build, module, *options):
    """The flags for a module of the library in the build folder."""
    return subprocess.run(["pkg-config", *options, module], check=True, text=True, capture_output=True,
                          env={**os.environ, "PKG_CONFIG_PATH": str(build)}).stdout.split()


def command_of(build, source):
    """What the build compiles a source with, without the source and the output; and, apart, what includes the
    precompiled header."""
    entries = json.loads((build / "compile_commands.json").read_text())
    entry = next(entry for entry in entries if entry["file"].endswith("/" + source))
    words = iter(shlex.split(entry["command"]))
    command, precompiled = [], []
    for word in words:
        if word == "-o":
            next(words)
        elif word in ("-Xclang", "-include"):
            precompiled += [word, next(words)]
        elif word == "-Winvalid-pch":
            precompiled.append(word)
        elif word not in ("-c", entry["file"]):
            command.append(word)
    return command, precompiled


class Kept:
    """Results that are kept in a folder under a hash of all that they depend on, so that nothing is compiled twice."""

    def __init__(self, folder, *depends_on):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = hashlib.sha256(repr(depends_on).encode())

    def path(self, *depends_on):
        key = self.key.copy()
        key.update(repr(depends_on).encode())
        return self.folder / key.hexdigest()


def header_texts(*folders):
    return [path.read_text() for folder in folders for path in sorted(Path(folder).rglob("*.hpp"))]


def precompiled(command, build):
    """The options that include the library's umbrella header in compiled form. Both compilers find it beside the header;
    one of another command, or of other headers, is removed."""
    folders = [flag[2:] + "/tapedeck" for flag in command if flag.startswith("-I")]
    header = Kept(build / "precompiled", command, header_texts(*folders)).path().with_suffix(".hpp")
    if not header.exists():
        for old in header.parent.iterdir():
            old.unlink()
        header.write_text('#include "tapedeck/tapedeck.hpp"\n')
        try:
            subprocess.run([*command, "-x", "c++-header", header, "-o", f"{header}.gch"], check=True)
        except BaseException:
            header.unlink()
            raise
    return ["-include", str(header)]
