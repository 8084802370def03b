"""A page names all the scripts that its script imports, each once, so that they are asked for at once."""

from pathlib import Path

import pytest

from telemed.desk.pages import visit_modules
from telemed.web.modules import modules


def test_all_that_is_imported_is_named_once_and_nothing_else(tmp_path: Path) -> None:
    for name, text in {
        "web/one.js": "import {\n  a,\n} from './two.js';\nimport { b } from '/static/desk/three.js';\n",
        "web/two.js": "export * from './four.js';\n// import './five.js'\n/** @typedef {import('./six.js').A} A */\n",
        "web/four.js": "import { a } from './two.js';\n",
        "desk/three.js": "import { c } from './deep/seven.js';\n",
        "desk/deep/seven.js": "import { d } from '../three.js';\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    folders = {"/static/": tmp_path / "web", "/static/desk/": tmp_path / "desk"}
    assert modules("/static/one.js", folders) == (
        "/static/one.js",
        "/static/two.js",
        "/static/desk/three.js",
        "/static/four.js",
        "/static/desk/deep/seven.js",
    )


def test_what_is_imported_and_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("import { a } from './two.js';\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        modules("/static/one.js", {"/static/": tmp_path})


def test_the_doctors_call_names_its_engine() -> None:
    assert {f"/static/js/{each}.js" for each in ("conversation", "peer", "trust", "seals")} <= set(visit_modules())
