"""The one error of this floor: what went wrong and what to do, for people."""


class LocalError(Exception):
    """Something about the local cluster failed. `text` is a sentence; `hint` says what helps; `lines` end a log."""

    def __init__(self, text: str, hint: str = "", lines: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.lines = lines
