"""
`python -m tests.suites [NAME…]`: has the suites that the tests run, the package that they install there, and a homeserver, and says which can't be had.

Its exit code is 0 all the same: the tests skip, by name, what is not there.
"""

import sys
import time

from tests.suites import debian, package, synapse


def main(names: list[str]) -> int:
    """Build what is missing, one after the other: each takes a minute or two."""
    for name in names or (*debian.SUITES, package.NAME, synapse.NAME):
        if name == package.NAME:
            _have_package()
            continue
        if name == synapse.NAME:
            _have_synapse()
            continue
        began = time.monotonic()
        missing = debian.why_not(name)
        try:
            debian.build(name)
        except (debian.BuildError, OSError) as failure:
            print(f"suites: {name} is not to be had: {failure}", file=sys.stderr)
        else:
            if missing:
                print(f"suites: {name} is in {debian.root(name)} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return 0


def _have_package() -> None:
    if not package.why_not():
        return
    began = time.monotonic()
    try:
        place = package.built()
    except (package.PackageError, OSError) as failure:
        print(f"suites: the package is not to be had: {failure}", file=sys.stderr)
    else:
        print(f"suites: the package is {place} ({time.monotonic() - began:.0f} s)", file=sys.stderr)


def _have_synapse() -> None:
    if not synapse.why_not():
        return
    began = time.monotonic()
    try:
        synapse.build()
    except (synapse.SynapseError, OSError) as failure:
        print(f"suites: synapse is not to be had: {failure}", file=sys.stderr)
    else:
        print(f"suites: synapse is in {synapse.python().parents[1]} ({time.monotonic() - began:.0f} s)", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
