"""A sentinel for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.spawned import Process, free_port


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path, free_port())
    process.write("sentinel monitor mymaster 127.0.0.1 1 2")
    yield process
    process.clean_up()
