"""What the rooms of the house may contain, where import-linter and mypy cannot say it."""

import ast

from tests.house.source import imported, sources

# The nouns that everybody shares need no more of Python than this. ipaddress computes; it resolves nothing.
_MODEL_MAY_IMPORT = {"collections.abc", "dataclasses", "enum", "functools", "ipaddress", "re", "typing"}

_MOCK_MODULES = {"mock", "unittest.mock", "pytest_mock"}
_MOCK_NAMES = {"monkeypatch", "mocker", "MagicMock", "AsyncMock", "Mock", "create_autospec"}


def test_model_imports_little_of_the_standard_library_and_nothing_of_ours() -> None:
    foreign = [
        f"{source.where(node)}: {module}"
        for source in sources("src/quorate/model")
        for node, module in imported(source.tree)
        if module not in _MODEL_MAY_IMPORT and not module.startswith("quorate.model")
    ]
    assert not foreign


def test_model_and_core_say_no_explicit_any() -> None:
    found = [
        source.where(node)
        for source in sources("src/quorate/model", "src/quorate/core")
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any" and ast.unparse(node.value) == "typing")
    ]
    assert not found


def test_decisions_and_codecs_are_tested_without_mocks() -> None:
    found = [
        f"{source.path}: {name}"
        for source in sources("tests/core", "tests/sim", "tests/wire")
        for name in sorted({module for _, module in imported(source.tree)} & _MOCK_MODULES | _names(source.tree))
    ]
    assert not found, "a decision that needs a mock is in the wrong room"


def test_every_test_file_says_what_it_is_for() -> None:
    silent = [
        source.path
        for source in sources("tests")
        if not (ast.get_docstring(source.tree) or "").split("\n", 1)[0].strip()
    ]
    assert not silent


def _names(tree: ast.Module) -> set[str]:
    """Those names of mocks that the file mentions, as parameters (fixtures) or otherwise."""
    said = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    said |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return said & _MOCK_NAMES
