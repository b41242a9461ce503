"""The numbers of the house: length of files and functions, number of parameters."""

import ast

from tests.house.source import Function, Source, sources

_FILE_LINES = 400
_BODY_LINES = 60
_USUAL_BODY_LINES = 30
_PARAMETERS = 5

# What is not part of the package is read and changed by the same people.
_FOLDERS = ("src", "tests", "benchmarks")


def test_no_file_is_longer_than_400_lines() -> None:
    too_long = [
        f"{source.path}: {length} lines" for source in sources(*_FOLDERS) if (length := _lines(source)) > _FILE_LINES
    ]
    assert not too_long


def test_no_function_body_is_longer_than_60_lines() -> None:
    too_long = [
        f"{source.where(function)} {function.name}: {length} lines"
        for source in sources(*_FOLDERS)
        for function in source.functions()
        if (length := _body_lines(function)) > _BODY_LINES
    ]
    assert not too_long


def test_nine_functions_in_ten_are_at_most_30_lines() -> None:
    lengths = [_body_lines(function) for source in sources("src") for function in source.functions()]
    long = sum(length > _USUAL_BODY_LINES for length in lengths)
    assert long * 10 <= len(lengths), f"{long} of {len(lengths)} functions are longer than {_USUAL_BODY_LINES} lines"


def test_no_function_takes_more_than_5_parameters() -> None:
    too_many = [
        f"{source.where(function)} {function.name}: {count} parameters"
        for source in sources(*_FOLDERS)
        for function in source.functions()
        if not _may_have_many(function) and (count := _parameters(function)) > _PARAMETERS
    ]
    assert not too_many


def _lines(source: Source) -> int:
    return len(source.text.splitlines())


def _body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the end."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(function: Function) -> int:
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    names += [one.arg for one in (arguments.vararg, arguments.kwarg) if one]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def _may_have_many(function: Function) -> bool:
    """True for a constructor whose values the caller must name, and for a command, whose options are parameters."""
    if function.name == "__init__":
        arguments = function.args
        return not arguments.posonlyargs and len(arguments.args) == 1
    return any(_is_click(decorator) for decorator in function.decorator_list)


def _is_click(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
        return False
    owner = decorator.func.value
    return isinstance(owner, ast.Name) and owner.id == "click"
