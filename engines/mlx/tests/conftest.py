import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def models() -> Path:
    """The embedded models, of which two are MLX folders."""
    return Path(os.environ.get("TANDEM_MODELS_FOLDER", ROOT.parents[1] / "host" / "models" / "tandem"))
