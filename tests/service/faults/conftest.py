"""One Synapse for all tests of this folder that tell a room something; the other far sides are made where they are needed."""

from collections.abc import Iterator

import pytest

from tests.service.faults.matrix_side import MatrixSide
from tests.service.homeserver.synapse_server import SynapseServer


@pytest.fixture(scope="session")
def lent_synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """From now on every room is on it."""
    MatrixSide.lent = SynapseServer(tmp_path_factory.mktemp("synapse"))
    MatrixSide.lent.start()
    yield
    MatrixSide.lent.stop()
    MatrixSide.lent = None
