"""What tells, without reading a file, that it may have changed: its size with a checksum, or else with its times."""

import os
from collections.abc import Mapping
from typing import Any

# What file systems call these. A checksum says more than a time: the same content has it again after a copy.
CHECKSUMS = ("ETag", "etag", "CRC", "md5Hash", "content_md5", "sha")
TIMES = ("mtime", "modified", "LastModified", "last_modified", "updated")


def stamp_of(system: Any, path: str, opened: Any = None) -> str | None:
    """Give the stamp of a file, ``opened`` or not; None where its file system says nothing that could serve."""
    if "file" in system.protocol:
        facts = os.stat(path)  # fsspec gives the date of a link, not of what it leads to
        # The second time is that of the name and the attributes: it betrays a file put in place with its old date.
        return f"{facts.st_size}-{facts.st_mtime_ns}-{facts.st_ctime_ns}"
    try:
        facts = getattr(opened, "details", None) or system.info(path)  # a remote file was asked for them to be opened
    except Exception:  # each file system has its own; whoever reads the file will say what is wrong with it
        return None
    return _from_facts(facts)


def _from_facts(facts: Mapping[str, Any]) -> str | None:
    for keys in (CHECKSUMS, TIMES):
        for key in keys:
            if facts.get(key):
                return f"{facts.get('size')}-{facts[key]}"
    return None
