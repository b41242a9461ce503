"""What a property is: it watches a world and raises a Violation the moment it is broken."""

from quorate.sim.world import Observer, World


class Violation(Exception):  # noqa: N818 - it is no error of the program that raises it
    """A property does not hold. `checker` is its name, `text` what was seen."""

    def __init__(self, checker: str, text: str) -> None:
        super().__init__(f"{checker}: {text}")
        self.checker = checker
        self.text = text


class Checker(Observer):
    """One property of one world. Subclasses watch and call `violated`; `name` is the property's short name."""

    name = ""

    def __init__(self, world: World) -> None:
        self.world = world

    def violated(self, text: str) -> None:
        """The property does not hold."""
        raise Violation(self.name, f"at {self.world.schedule.now} ms: {text}")
