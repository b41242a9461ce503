"""Time as the core knows it: whole milliseconds on a monotonic clock whose zero means nothing."""

from typing import TypeAlias

Millis: TypeAlias = int
"""A point on the monotonic clock, or a span of it; always milliseconds. Zero as a *point* means "never"."""
