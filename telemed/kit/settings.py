"""Settings from the environment, read once. An unknown name stops the start; secrets come from files."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from telemed.kit.ids import from_base64, to_base64

T = TypeVar("T")


class BadSetting(Exception):
    """One line that says which setting is wrong."""


_TYPES: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "Path": Path,
    "bool": lambda text: {"1": True, "0": False}[text],
}


def read(kind: type[T], environ: Mapping[str, str], *, prefix: str) -> T:
    """Build the frozen dataclass *kind* from ``PREFIX_FIELD`` variables.

    Raises:
        BadSetting: an unknown variable with this prefix, a missing one without default, or a value of the wrong type.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # T is always a dataclass here
    given: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(prefix):
            continue
        field = fields.get(name.removeprefix(prefix).lower())
        if field is None:
            raise BadSetting(f"unknown setting {name}")
        given[field.name] = _value(name, str(getattr(field.type, "__name__", field.type)), text)
    for name, field in fields.items():
        if name not in given and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise BadSetting(f"the setting {prefix}{name.upper()} is missing")
    return kind(**given)


def _value(name: str, kind: str, text: str) -> Any:
    try:
        return _TYPES[kind](text)
    except (KeyError, ValueError):
        raise BadSetting(f"{name} is not a {kind}") from None


def public_keys(name: str, text: str) -> tuple[str, ...]:
    """Ed25519 public keys (raw, 32 bytes, URL-safe base64) with commas between them. *name*: the setting's.

    Raises:
        BadSetting: one is no such key.
    """
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for key in keys:
        try:
            whole = len(key) == 43 and to_base64(from_base64(key)) == key
        except ValueError:
            whole = False
        if not whole:
            raise BadSetting(f"{name}: {key[:50]} is no public key")
    return keys


def secret(path: Path) -> bytes:
    """The bytes of a secret file, 32 or more.

    Raises:
        BadSetting: missing, too short, or readable by others.
    """
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except OSError:
        raise BadSetting(f"secret {path.name} cannot be read") from None
    if mode & 0o077:
        raise BadSetting(f"secret {path.name} is readable by others")
    if len(data) < 32:
        raise BadSetting(f"secret {path.name} is shorter than 32 bytes")
    return data
