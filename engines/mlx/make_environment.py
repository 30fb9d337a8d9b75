#!/usr/bin/env python3
"""Makes the Python environment of a runtime: make_environment.py FOLDER [--wheels DIR]

Run by any Python 3; finds one of version 3.11 or later (for which there are wheels, when a folder of wheels is given) and makes the
environment with it. What is wrong and what to do is the last line on standard error.
"""

import os
import re
import shutil
import subprocess
import sys
from typing import NoReturn

OLDEST = (3, 11)
NEWEST = (3, 14)
MARK = ".installing"


def main() -> int:
    if hasattr(os, "setpgrp"):
        # One group with all that it starts: what gets pip would write on, long after this one was killed.
        os.setpgrp()
    folder = sys.argv[1]
    wheels = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "--wheels" else ""
    wanted = versions_of(wheels) if wheels else []
    found = []
    for name in candidates():
        path = shutil.which(name) or (name if os.path.isabs(name) else "")
        version = version_of(path) if path else None
        if version is None:
            continue
        found.append("%d.%d" % version)
        if OLDEST <= version <= NEWEST and (not wanted or version in wanted):
            return make(path, folder)
    shown = " or ".join("%d.%d" % version for version in wanted) if wanted else "3.11 to 3.14"
    because = " because the wheels in " + wheels + " are for it" if wanted else ""
    seen = ", ".join(sorted(set(found))) or "none"
    fail("Python %s is needed%s; found: %s. Install it, for example with your system's package manager." % (shown, because, seen))


def candidates() -> "list[str]":
    return [sys.executable] + ["python3.%d" % minor for minor in (12, 13, 11, 14)] + ["python3"]


def version_of(path: str):
    """None when it cannot be run, or cannot make environments."""
    ask = [path, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, universal_newlines=True)
        major, minor = answer.stdout.strip().split(".")
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def versions_of(wheels: str) -> "list[tuple[int, int]]":
    """The Python versions that MLX's wheels in a folder are for."""
    if not os.path.isdir(wheels):
        fail("%s is no folder." % wheels)
    tags = {match.group(1) for name in os.listdir(wheels) for match in [re.match(r"mlx-[^-]+-cp3(\d+)-", name)] if match}
    if not tags:
        fail("There is no wheel of mlx in %s." % wheels)
    return [(3, int(minor)) for minor in sorted(tags)]


def make(python: str, folder: str) -> int:
    print("using %s" % python, flush=True)
    clear(folder)
    return subprocess.call([python, "-E", "-s", "-m", "venv", folder])


def clear(folder: str) -> None:
    """Of all but the mark by which a host knows an installation that was interrupted."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif name != MARK:
            os.remove(path)


def fail(reason: str) -> NoReturn:
    print(reason, file=sys.stderr, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
