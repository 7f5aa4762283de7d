"""Who gets which tests, where several processes run them."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.sharing_out import ByFile


class Node:
    """A process: `got` are the files that it was given, in order."""

    def __init__(self, name: str, collection: list[str]) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.collection = collection
        self.got: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.got += dict.fromkeys(self.collection[index].partition("::")[0] for index in indices)

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.fixture
def shared(monkeypatch):
    """Gives out these files, three tests each, to so many processes, each of which is done at once."""

    def share(files: list[str], processes: int) -> list[list[str]]:
        monkeypatch.setattr("xdist.scheduler.loadscope.parse_tx_spec_config", lambda _: [None] * processes)
        config: Any = SimpleNamespace(option=SimpleNamespace(loadscopereorder=False))
        collection = [f"{file}::test_{number}" for file in files for number in range(3)]
        nodes = [Node(f"gw{number}", collection) for number in range(processes)]
        scheduler = ByFile(config)
        for node in nodes:
            scheduler.add_node(node)
        for node in nodes:
            scheduler.add_node_collection(node, collection)
        scheduler.schedule()
        done: set[tuple[str, str]] = set()
        while todo := [
            (node, test)
            for node in nodes
            for file in node.got
            for test in collection
            if test.startswith(f"{file}::") and (node.gateway.id, test) not in done
        ]:
            for node, test in todo:
                done.add((node.gateway.id, test))
                scheduler.mark_test_complete(node, collection.index(test))
        return [node.got for node in nodes]

    return share


WAITING = [f"tests/service/test_{letter}.py" for letter in "abcdef"]
CALCULATING = [f"tests/{folder}/test_{letter}.py" for folder in ("property", "unit") for letter in "abc"]


def test_one_in_four_calculates_while_the_others_wait(shared):
    """From the beginning, each kind in its order."""
    first, *others = shared([*WAITING, *CALCULATING], 4)
    assert first[:2] == CALCULATING[:2]
    assert [got[0] for got in others] == WAITING[:3]


def test_every_file_is_run_once(shared):
    """Whoever has no more of its own kind helps with the other."""
    for files in ([*WAITING, *CALCULATING], WAITING, CALCULATING, WAITING[:1]):
        for processes in (1, 2, 3, 4, 9):
            assert sorted(file for got in shared(files, processes) for file in got) == sorted(files)


def test_what_shares_a_machine_stays_together(shared):
    """A folder of those goes to one process, whole."""
    files = ["tests/host/systemd/test_a.py", "tests/host/systemd/test_b.py", *WAITING]
    assert [got for got in shared(files, 4) if files[0] in got] == [got for got in shared(files, 4) if files[1] in got]
