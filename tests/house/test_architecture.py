"""The diagram of a failover in ARCHITECTURE.md is that of the table of legal moves."""

from pathlib import Path

from quorate.core.phases import MOVES

_PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_the_diagram_shows_the_legal_moves() -> None:
    order = list(MOVES)
    moves = [
        f"    {state.value} --> {following.value}"
        for state, others in MOVES.items()
        for following in sorted(others, key=order.index)
    ]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *moves, "```"])
    assert diagram in _PAGE.read_text()
