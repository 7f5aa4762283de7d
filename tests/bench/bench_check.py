"""What `check` of all packs takes as a whole process, from the shell to its exit code, beside a Python that does nothing."""

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.rows import Row

CHECKOUT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "sidekiq-watchdog"
ROUNDS = 9


def cost(*command: str) -> float:
    """Milliseconds of a process, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - before)
    return best * 1000


def main() -> list[Row]:
    """All packs at once, and each schema's maker."""
    packs = sorted(f"pack:{folder.name}" for folder in (CHECKOUT / "rules").iterdir() if folder.is_dir())
    nothing = cost(sys.executable, "-c", "")
    return [
        Row(
            what=f"check {' '.join(packs)}",
            value=cost(str(COMMAND), "check", *packs),
            unit="ms",
            beside=nothing,
            beside_what="python -c ''",
            goal="≤ 200 ms",
        ),
        Row(what="schema rules", value=cost(str(COMMAND), "schema", "rules"), unit="ms", beside=nothing, beside_what="python -c ''"),
    ]


if __name__ == "__main__":
    for line in main():
        print(line)
