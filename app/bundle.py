"""The ES modules of the pages as one script, for a page that must be one file.

Each module becomes a function that gives what it exports; imports become constants. It understands what the modules in
``static/js`` are written in, and refuses the rest: named and star imports of relative paths, exported functions,
classes and constants.
"""

import posixpath
import re
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "static" / "js"
_IMPORT = re.compile(r"^import (?:(\* as \w+|\{[^}]*\}) from )?'(\.[^']*)'$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*|\bimport[.(].*|</script.*", re.MULTILINE)


def bundle(entry: str) -> str:
    """Give a module of ``static/js``, and all that it imports, as one script without imports."""
    ordered: dict[str, str] = {}
    _collect(entry, ordered, ())
    return "(() => {\n'use strict'\nconst modules = {}\n" + "".join(ordered.values()) + "})()\n"


def _collect(name: str, ordered: dict[str, str], above: tuple[str, ...]) -> None:
    """Add a module behind those that it imports."""
    if name in above:
        raise ValueError(f"{' imports '.join((*above, name))}: modules that import each other cannot be bundled.")
    if name in ordered:
        return
    source = (SCRIPTS / name).read_text(encoding="utf-8")
    for match in _IMPORT.finditer(source):
        _collect(_target(name, match), ordered, (*above, name))
    exported = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(lambda match: _constant(name, match), source))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}: cannot bundle {other[0]!r}.")
    ordered[name] = f"modules['{name}'] = (() => {{\n{body}return {{ {', '.join(exported)} }}\n}})()\n"


def _target(name: str, match: re.Match[str]) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), match[2]))


def _constant(name: str, match: re.Match[str]) -> str:
    if match[1] is None:
        return ""
    names = match[1].removeprefix("* as ").replace(" as ", ": ")
    return f"const {names} = modules['{_target(name, match)}'];"
