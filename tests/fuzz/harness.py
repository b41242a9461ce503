"""One target under atheris, as `make fuzz` runs it: `python -m tests.fuzz.harness TARGET [options of libFuzzer]`."""

import sys
from importlib import import_module

# Installed by make fuzz alone, so nothing here may name it for others.
atheris = import_module("atheris")

with atheris.instrument_imports(include=["quorate"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Feed the target for ever, or for as long as the options say."""
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
