"""Which file belongs to which: two folders or globs by relative path, or the lines of a manifest."""

from dataclasses import dataclass

from app.batch.files import File, Place, find_place, matcher
from app.batch.manifest import read_manifest
from app.errors import BadRequest

MANIFESTS = (".csv", ".json")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files of one name; None stands for one that is not there."""

    name: str
    before: File | None
    after: File | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is to be compared.

    ``home`` is where a ``.imagediff.toml`` would lie; ``aside`` counts files that are no pictures by their name.
    """

    pairs: tuple[Pair, ...]
    home: Place
    aside: int = 0

    @property
    def none_meet(self) -> bool:
        """Say whether both sides have files, and none of them a partner: mostly one folder too high or too low."""
        sides = {(pair.before is None, pair.after is None) for pair in self.pairs}
        return sides == {(True, False), (False, True)}


def find_pairs(before: str, after: str | None) -> Pairs:
    """Pair two folders, globs or URLs; without ``after``, ``before`` is a manifest."""
    first = find_place(before)
    if after is None:
        if not before.lower().endswith(MANIFESTS):
            raise BadRequest(f"{before} is no manifest (.csv or .json), and the second folder is missing.")
        home = find_place(_folder_of(before))
        rows = read_manifest(first.itself().read(before), before, home)
        return Pairs(tuple(Pair(*row) for row in rows), home)
    second = find_place(after)
    for place in (first, second):
        if not place.exists():
            raise BadRequest(f"{place.text} does not exist.")
        if place.is_file():
            raise BadRequest(f"{place.text} is a file, not a folder; {_instead_of(place.text)}")
    return _match(first, second)


def _match(first: Place, second: Place) -> Pairs:
    """Match by relative path; a glob on one side only holds for the other one too."""
    sides, aside = [], 0
    for place, other in ((first, second), (second, first)):
        names, others = place.list()
        pattern = place.pattern or other.pattern
        sides.append({name for name in names if pattern is None or matcher(pattern)(name)})
        aside += others
    if not any(sides):
        raise BadRequest(f"There are no pictures in {first.text} and {second.text}.")
    pairs = (
        Pair(name, first.file(name) if name in sides[0] else None, second.file(name) if name in sides[1] else None)
        for name in sorted(sides[0] | sides[1])
    )
    return Pairs(tuple(pairs), first, aside)


def _instead_of(file: str) -> str:
    if file.lower().endswith(".zip") and "://" not in file:
        return f"zip://{file} looks into it."
    return "for two files there is the command compare."


def _folder_of(manifest: str) -> str:
    """Give the folder that a manifest lies in."""
    head, chained, rest = manifest.partition("::")
    folder, slash, _ = head.rpartition("/")
    if head.endswith("://") or folder.endswith(":/"):
        return f"{head.partition('://')[0]}://{chained}{rest}"
    return f"{folder or ('/' if slash else '.')}{chained}{rest}"
