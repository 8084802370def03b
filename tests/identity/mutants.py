"""The rule of who may, broken in one place: what `telemed.identity.allowed` would be after one wrong stroke.

Each mutant is the module's own text with one thing changed in what decides (windows of time, grounds, table, how they
are read), run beside the module. Nothing is patched, and no mutant is written down anywhere.
"""

import ast
import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import CodeType

from telemed.identity import allowed as rule
from telemed.identity.allowed import Action, Asker, Thing

FIRST, LAST = "_own_time", "holds"
"""The functions with which begins and ends what decides."""
WINDOWS = {"BEFORE", "AFTER"}
_OTHER: dict[type[ast.cmpop], ast.cmpop] = {ast.Lt: ast.LtE(), ast.GtE: ast.Gt(), ast.In: ast.NotIn()}
_SWAPPED = {"any": "all", "all": "any"}

Allowed = Callable[[Asker, Action, Thing], bool]
Stroke = Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """*what* was changed, and at which line; *allowed* is what became of the rule."""

    what: str
    allowed: Allowed


def mutants() -> Iterator[Mutant]:
    """Every one that there is."""
    body = _deciding()
    codes = [_compiled(one) for one in body]
    names = [getattr(one, "name", "") for one in body]
    for number, statement in enumerate(body[: names.index(LAST) + 1]):
        for place, node in enumerate(_parts(statement)):
            for which in range(len(_strokes(node))):
                broken = copy.deepcopy(statement)
                other = next(islice(_parts(broken), place, None))
                _strokes(other)[which]()
                changed = [*codes[:number], _compiled(broken), *codes[number + 1 :]]
                yield Mutant(f"line {getattr(node, 'lineno', 0)}: {ast.unparse(other)}", _run(changed))


def unbroken() -> Allowed:
    """The rule made in the same way, with nothing changed."""
    return _run([_compiled(one) for one in _deciding()])


def _deciding() -> list[ast.stmt]:
    body = ast.parse(inspect.getsource(rule)).body
    first = next(n for n, one in enumerate(body) if isinstance(one, ast.FunctionDef) and one.name == FIRST)
    windows = [one for one in body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) in WINDOWS]
    return [*windows, *body[first:]]


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, without the types that are only written there."""
    yield node
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST) and name not in ("annotation", "returns"):
                yield from _parts(each)


def _strokes(node: ast.AST) -> list[Stroke]:
    """The ways in which this node can be broken."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _OTHER:
            return [lambda: setattr(node, "ops", [_OTHER[type(op)]])]
        case ast.Name(id=name) if name in _SWAPPED:
            return [lambda: setattr(node, "id", _SWAPPED[name])]
        case ast.BinOp(op=ast.Add() | ast.Sub() as op, right=right):
            if isinstance(right, ast.Set):
                return [lambda: setattr(node, "right", _expression("frozenset()"))]
            return [lambda: setattr(node, "op", ast.Sub() if isinstance(op, ast.Add) else ast.Add())]
        case ast.IfExp(body=body, orelse=orelse):
            return [lambda: vars(node).update(body=orelse, orelse=body)]
        case ast.Constant(value=int() as value):
            return [lambda: setattr(node, "value", value + 1)]
        case ast.Tuple(elts=elts, ctx=ast.Load()):
            return _of_tuple(elts)
        case ast.Dict(keys=keys, values=values):
            entries = [n for n, each in enumerate(values) if not isinstance(each, ast.Dict)]
            return [lambda n=n: (keys.pop(n), values.pop(n)) for n in entries]  # type: ignore[misc]
    return []


def _of_tuple(elts: list[ast.expr]) -> list[Stroke]:
    """One less; and in place of each ground one that always holds."""
    less: list[Stroke] = [lambda n=n: elts.pop(n) for n in range(len(elts))]  # type: ignore[misc]
    grounds = [n for n, one in enumerate(elts) if (text := ast.unparse(one)).startswith("_") and "asker" not in text]
    return less + [lambda n=n: elts.__setitem__(n, _expression("lambda _asker: ()")) for n in grounds]


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _compiled(statement: ast.stmt) -> CodeType:
    return compile(ast.fix_missing_locations(ast.Module([statement], [])), "broken", "exec")


def _run(codes: list[CodeType]) -> Allowed:
    made = dict(vars(rule))
    for code in codes:
        exec(code, made)
    found: Allowed = made["allowed"]
    return found
