# SPDX-License-Identifier: Apache-2.0
"""The long tests take their helpers from the system tests, and their size from tools/soak: SOAK_SHARE, SOAK_SEED."""

import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))


@pytest.fixture
def rounds():
    """rounds(n): n, scaled by SOAK_SHARE, at least 3."""
    share = float(os.environ.get("SOAK_SHARE", "1"))
    return lambda n: max(3, round(n * share))


@pytest.fixture
def rng(request):
    seed = os.environ.get("SOAK_SEED", "1")
    print(f"{request.node.name}: SOAK_SEED={seed}")
    return random.Random(f"{seed}/{request.node.name}")
