"""The commands that a person types."""

from quorate.cli.main import main

__all__ = ["main"]
