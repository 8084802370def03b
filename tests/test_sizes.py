"""A function fits a glance, a module one sitting."""

from pathlib import Path

from tests.sizes import FUNCTION_LINES, MODULE_LINES, functions_in, measure


def test_functions_fit_a_glance() -> None:
    functions = measure().functions
    print("longest functions:", *functions[:5], sep="\n  ")  # noqa: T201 - shown when it fails, and with -s
    assert not [str(size) for size in functions if size.lines > FUNCTION_LINES]


def test_modules_are_read_in_one_sitting() -> None:
    modules = measure().modules
    print("longest modules:", *modules[:5], sep="\n  ")  # noqa: T201 - shown when it fails, and with -s
    assert not [str(size) for size in modules if size.lines > MODULE_LINES]


def test_a_function_counts_from_its_decorator_to_its_last_line() -> None:
    source = "@decorated\ndef one(\n    a,\n):\n    def two():\n        return a\n    return two\n"
    assert [(size.name, size.line, size.lines) for size in functions_in(source, Path("x.py"))] == [
        ("one", 1, 7),
        ("two", 5, 2),
    ]


def test_functions_in_scripts_are_seen() -> None:
    sizes = measure()
    assert any(size.path == Path("tools/sizes.mjs") and size.name == "report" for size in sizes.functions)
    assert any(size.path == Path("tools/sizes.mjs") for size in sizes.modules)
