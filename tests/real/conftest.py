"""The lab in which each end-to-end test starts its servers and sentinels."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.certificates import Authority
from tests.real.cluster import Lab


@pytest.fixture
def lab(tmp_path: Path, redis_server: Path) -> Iterator[Lab]:
    """A place to start processes in; whatever happens, they are gone afterwards."""
    place = Lab(tmp_path)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs the certificates of a test."""
    return Authority(tmp_path / "tls")
