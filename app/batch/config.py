"""``.imagediff.toml`` beside the pairs: options for all of them, and for those that a glob matches."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.analysis import Options
from app.batch.files import Place, file_system, matcher
from app.errors import BadRequest, InvalidOption
from app.options import from_texts

NAME = ".imagediff.toml"
Texts = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """Options by glob, in the order of the file; the command line has the last word, and areas to ignore add up."""

    rules: tuple[tuple[str, Texts], ...]
    given: Texts

    def options_for(self, name: str) -> Options:
        """Give the options of one pair."""
        texts: dict[str, list[str]] = {}
        for _, rule in (*(rule for rule in self.rules if matcher(rule[0])(name)), ("", self.given)):
            for option, values in rule.items():
                texts[option] = texts.get(option, []) + values if option == "ignore" else list(values)
        return from_texts(texts)

    def describe(self) -> dict[str, Any]:
        """Give what a later run must agree with."""
        return {"given": dict(self.given), "rules": [[pattern, dict(texts)] for pattern, texts in self.rules]}


def read_rules(home: Place, given: Texts) -> Rules:
    """Read the file if there is one; what is wrong with it, or with the options given, is an error that names it."""
    from_texts(given)
    file = home.file(NAME)
    if not file_system(file.system).exists(file.path):
        return Rules((), given)
    try:
        tables = tomllib.loads(file.read(NAME).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{NAME}: {error}.") from None
    everywhere = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    by_glob = {key: value for key, value in tables.items() if isinstance(value, dict)}
    rules = [("**", everywhere)] if everywhere else []
    return Rules(tuple((pattern, _as_texts(pattern, rule)) for pattern, rule in (*rules, *by_glob.items())), given)


def _as_texts(pattern: str, rule: Mapping[str, Any]) -> Texts:
    """Check one table and write its values the way the command line has them."""
    texts = {}
    for option, value in rule.items():
        values = value if isinstance(value, list) and option == "ignore" else [value]
        if not all(isinstance(one, str | int | float) for one in values):
            raise InvalidOption(f'{NAME}, "{pattern}": {option} has a value that is neither text nor number.')
        texts[option] = [str(one) for one in values]
    try:
        matcher(pattern)
        from_texts(texts)
    except (BadRequest, InvalidOption) as error:
        raise InvalidOption(f'{NAME}, "{pattern}": {error.message}', field=error.field) from None
    return texts
