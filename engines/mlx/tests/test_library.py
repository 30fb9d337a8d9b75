"""What importing MLX does to the process; each in a process of its own."""

import subprocess
import sys

import pytest
from conftest import ROOT

from mlx_engine.inference.library import explain


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_limit_of_open_files_stays_as_it_was() -> None:
    code = "import resource as r; a = r.getrlimit(r.RLIMIT_NOFILE)\nfrom mlx_engine.inference.library import load; load()\nprint(a == r.getrlimit(r.RLIMIT_NOFILE))"
    assert run(code) == "True"


def test_neither_transformers_nor_the_hub_client_is_imported() -> None:
    code = "from mlx_engine.inference.library import load; load()\nimport sys; print([m for m in ('transformers', 'httpx2', 'torch') if m in sys.modules], hasattr(sys.modules['huggingface_hub'], '__file__'))"
    assert run(code) == "[] False"


def test_no_compiler_is_started() -> None:
    code = "from mlx_engine.inference.library import load; load()\nimport mlx.core as mx, os\nf = mx.compile(lambda x: mx.exp(x) * 2 + 1)\nmx.eval(f(mx.ones(8)))\nprint(os.path.exists('/proc/self/task') and len(open('/proc/self/task/' + str(os.getpid()) + '/children').read()))"
    assert run(code) in ("0", "False")


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ModuleNotFoundError("No module named 'mlx'", name="mlx"), "The Python package mlx is not installed."),
        (ImportError("libmlx.so: cannot open shared object file: No such file or directory"), "back end (mlx-cpu or mlx-metal) is missing"),
        (ImportError("liblapack-86b2c207.so.3.10.0: cannot open shared object file"), "A library that MLX needs is missing"),
        (ImportError("core.so: undefined symbol: _ZN3mlx4core4fast18gated"), "of different versions"),
        (ImportError("libmlx.so: file too short"), "damaged"),
        (RuntimeError("Failed to load the default metallib."), "cannot use the GPU"),
    ],
)
def test_what_an_import_failed_with_is_explained(failure: BaseException, text: str) -> None:
    assert text in explain(failure)
