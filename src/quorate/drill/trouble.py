"""The one error of this room: what went wrong and what to do, for people."""


class DrillError(Exception):
    """A drill cannot start or go on. `text` is a sentence; `hint` says what helps; `lines` end a log."""

    def __init__(self, text: str, hint: str = "", lines: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.lines = lines
