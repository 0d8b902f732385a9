"""One warm fork server for most tests; a cluster or a keeper of its own for those that need one."""

import pytest
from harness import Certificates, Cluster, Keeper


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def shared_keeper(tmp_path_factory):
    keeper = Keeper(tmp_path_factory.mktemp("keeper"))
    keeper.warmed()
    yield keeper
    keeper.close()


@pytest.fixture
def keeper(shared_keeper, tmp_path):
    """The warm fork server, with a folder for this test alone and nothing left running after it."""
    before, folder = shared_keeper.members, shared_keeper.folder
    shared_keeper.members, shared_keeper.folder = [], tmp_path
    yield shared_keeper
    for member in shared_keeper.members:
        member.kill(9)
        member.end()
    shared_keeper.members, shared_keeper.folder = before, folder


@pytest.fixture
def own_keeper(tmp_path):
    """Makes fork servers that the test may ruin."""
    made = []

    def make(**more):
        folder = tmp_path / f"keeper{len(made)}"
        folder.mkdir()
        made.append(Keeper(folder, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def cluster(keeper, certificates):
    """A scheduler and two workers of one thread."""
    one = Cluster(keeper, certificates)
    one.add_worker()
    one.add_worker()
    return one
