"""What the product must not be able to do (docs/intended-purpose.md), as tables: no recording, no verdict on a value.

`tests/test_intended_purpose.py` holds every file to it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("schemas", "telemed", "room_agent", "signage")
NOT_OURS = {"vendor", "node_modules", "published"}

RECORDERS = {
    "MediaRecorder",
    "MediaBlackhole",
    "imageio",
    "cv2",
    "soundfile",
    "moviepy",
    "ffmpeg",
    "gi",
    "pyscreenshot",
}
"""Names that nothing imports or takes from a module: they write pictures or sound, or take those of others."""
MUXING = {"mux", "mux_one", "add_stream", "add_stream_from_template", "add_data_stream", "add_attachment"}
"""Methods of a container (PyAV) that is written."""
WRITING = {"write_bytes", "write_text", "writeframes", "NamedTemporaryFile", "TemporaryFile", "mkstemp", "tofile"}
"""Ways to a file that nothing in `MEDIA` takes."""
MEDIA = (
    "room_agent/media/",
    "room_agent/meeting.py",
    "room_agent/peers.py",
    "room_agent/record.py",
    "room_agent/visit.py",
)
"""Where pictures, sound, curves and values are in the hands of our code."""
MAY_WRITE = {"telemed/kit/waves.py": "speech that we make ourselves of words in the catalogue"}
"""What may write a container; nothing in `MEDIA` may import it."""
PROGRAM_NAMES = {"ffmpeg", "gst-launch-1.0", "arecord", "parecord", "pw-record", "scrot"}
"""Programs that record; none is started."""

SCRIPT = {
    "records": r"\b(MediaRecorder|captureStream|getDisplayMedia|MediaStreamTrackProcessor|ImageCapture)\b",
    "writes sound away": r"\b(createMediaStreamDestination|startRendering)\b",
    "writes files by itself": r"\b(showSaveFilePicker|createWritable|getDirectory)\b",
    "keeps requests": r"\bcaches\.",
}
"""What no script of a page uses. A picture or a file is saved by a link that a person presses."""

STORES = re.compile(r"\b(localStorage|sessionStorage)\b(?!\.(clear|removeItem)\()|\bindexedDB\b")
MAY_STORE = {
    "telemed/web/static/js/keys.js": "the browser's own key, which cannot be taken out",
    "telemed/web/static/js/alarm.js": "which alarms were silenced",
    "telemed/desk/static/js/guests.js": "whom the doctor has let in, until the visit ends",
    "telemed/desk/static/js/invited.js": "a guest's invitation",
    "telemed/desk/static/js/shortcuts.js": "whether the keys are on",
    "telemed/desk/static/js/closing.js": "how many values and pictures the practice got",
    "telemed/aftercare/static/js/drafts.js": "a sheet that a doctor began, sealed",
    "telemed/desk/static/js/handover.js": "the address of the practice's server",
    "telemed/notify/static/js/push_worker.js": "the ids of notices that were shown",
    "room_agent/kiosk/static/js/probe.js": "how sharp the camera was",
    "room_agent/kiosk/static/js/machine.js": "the kiosk's own key",
}
"""Scripts that may keep something in a browser, and what. Emptying it is free to all."""

SHOWN = ("vitals", "card", "observation", "trend", "bundle", "handover", "pictures", "instruments")
"""Scripts of the doctor's page that have measured values in their hands."""
VERDICTS = {
    "compares a value with a limit": r"\b(value|number|mmhg|amount)\b\)?\s*[<>]=?\s*-?\d",
    "names what is too high or low": r"\b(threshold|referenceRange|interpretation|abnormal|critical|tooHigh|tooLow)\b",
}

FIELD = re.compile(
    r"(^|_)(reference_?range|range|interpretation|threshold|limit|abnormal|normal|critical|triage|risk|score|diagnosis)($|_)"
)
"""Names that no field of a message about values, pictures or the talk has."""


@dataclass(frozen=True)
class Forbidden:
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


def everything(root: Path = ROOT) -> list[Forbidden]:
    """All that is forbidden in our programs below *root*."""
    return [
        found
        for program in PROGRAMS
        for path in sorted((root / program).rglob("*"))
        if path.suffix in {".py", ".js", ".html"} and not NOT_OURS & set(path.parts)
        for found in in_file(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    ]


def in_file(source: str, path: str) -> Iterator[Forbidden]:
    """What is forbidden in one file."""
    if path.endswith(".py"):
        yield from _in_python(source, path)
    else:
        yield from _in_script(source, path)


def _in_python(source: str, path: str) -> Iterator[Forbidden]:
    for node in ast.walk(ast.parse(source)):
        what = _said(node) or (path.startswith(MEDIA) and (_written(node) or _able_to_write(node)))
        if what and not (path in MAY_WRITE and what.startswith("writes a container")):
            yield Forbidden(path, getattr(node, "lineno", 0), what)


def _able_to_write(node: ast.AST) -> str:
    """Whether *node* brings in a module of `MAY_WRITE`."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return ""
    module = getattr(node, "module", None) or ""
    named = {module, *(f"{module}.{name.name}".strip(".") for name in node.names)}
    able = {path.removesuffix(".py").replace("/", ".") for path in MAY_WRITE}
    return f"imports {', '.join(sorted(named & able))}" if named & able else ""


def _said(node: ast.AST) -> str:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            module = getattr(node, "module", None) or ""
            found = {part for name in names for part in f"{module}.{name.name}".split(".")} & RECORDERS
            return f"imports {', '.join(sorted(found))}" if found else ""
        case ast.Attribute(attr=name) if name in RECORDERS:
            return f"takes {name}"
        case ast.Call(func=ast.Attribute(attr=name)) if name in MUXING:
            return f"writes a container: {name}"
        case ast.Call(func=ast.Attribute(attr="open", value=ast.Name(id="av"))) if _mode(node, place=1)[:1] in {*"wax"}:
            return "writes a container: av.open"
        case ast.Constant(value=str(text)) if text in PROGRAM_NAMES:
            return f"starts {text}"
    return ""


def _written(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)) if name in WRITING:
            return f"writes a file: {name}"
        case ast.Call(func=ast.Name(id="open")) if set(_mode(node, place=1)) & {*"wax+"}:
            return "writes a file: open"
        case ast.Call(func=ast.Attribute(attr="open")) if set(_mode(node, place=0)) & {*"wax+"}:
            return "writes a file: open"
    return ""


def _mode(call: ast.Call, *, place: int) -> str:
    """How a call of ``open`` opens, as far as it says so in plain text."""
    given = [each.value for each in call.keywords if each.arg == "mode"] + call.args[place : place + 1]
    texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return texts[0] if texts and len(texts[0]) <= 3 else ""


def _in_script(source: str, path: str) -> Iterator[Forbidden]:
    name = path.rpartition("/")[2].removesuffix(".js")
    rules = {**SCRIPT, **(VERDICTS if path.startswith("telemed/desk/static/js/") and name in SHOWN else {})}
    for number, line in enumerate(_without_comments(source).splitlines(), start=1):
        yield from (Forbidden(path, number, what) for what, rule in rules.items() if re.search(rule, line))
        if STORES.search(line) and path not in MAY_STORE:
            yield Forbidden(path, number, "keeps something in the browser")


def _without_comments(source: str) -> str:
    """*source* with its block comments, and what stands behind ``//``, blank; the lines stay where they are."""
    blank = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), source, flags=re.DOTALL)
    return re.sub(r"(?m)(^|\s)//.*$", "", blank)


def fields(schema: object) -> Iterator[str]:
    """Every name of a field in a JSON Schema, in snake case."""
    if isinstance(schema, dict):
        for name in schema.get("properties", {}):
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()
        for each in schema.values():
            yield from fields(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from fields(each)
