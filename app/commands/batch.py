"""`python -m app batch`: folders of pairs, with one report and an exit status like that of diff."""

import argparse
import os
import shlex
import sys
from collections.abc import Container, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from app.batch.accept import accept
from app.batch.config import read_rules
from app.batch.executor import Executor, LocalProcesses, ThisProcess
from app.batch.files import folder_of, matcher, only_here
from app.batch.pairs import Pairs, find_pairs
from app.batch.progress import in_words, progress_bar, show_counts
from app.batch.reports import write_reports
from app.batch.reports.facts import Facts
from app.batch.results import Results
from app.batch.resume import forget_changed, is_done
from app.batch.run import Plan, run_batch
from app.commands.arguments import add_options, count, options_given, processors
from app.errors import BadRequest, ImageDiffError
from app.settings import Settings, SettingsError

STOPPED = 130
EPILOG = """\
BEFORE and AFTER are folders, globs ("shots/**/*.png") or URLs that fsspec knows (s3://, gs://, zip://pictures.zip);
their files are matched by relative path. BEFORE alone is a manifest: CSV with the columns before, after and, if
wanted, name, or JSON, [{"before": "…", "after": "…"}]. Options by glob: .imagediff.toml in BEFORE.

exit status: 0 no difference (or within --max-regions and --max-changed, where given), 1 a difference or a file
without its partner, 2 trouble (a pair that cannot be read, too), 130 stopped
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "batch",
        help="compare two folders and write one report",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", metavar="BEFORE", help="folder, glob or URL of the baselines, or a manifest")
    parser.add_argument("after", metavar="AFTER", nargs="?", help="folder, glob or URL of the new pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT", help="folder that gets the report")
    parser.add_argument(
        "--jobs", type=count, default=processors(), metavar="N", help="pairs at once; else one a processor"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster that does the work (tcp://…)")
    parser.add_argument("--resume", action="store_true", help="go on with what a stopped run has left")
    parser.add_argument(
        "--pictures", choices=["different", "all", "none"], default="different", help="pairs to write pictures of"
    )
    parser.add_argument(
        "--accept", action="append", default=[], metavar="GLOB",
        help="copy after over before for pairs of this name that changed; again with --resume, without comparing anew",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, report, and give the exit status."""
    try:
        return _batch(arguments)
    except (ImageDiffError, SettingsError) as error:
        print(f"batch: {getattr(error, 'message', error)}", file=sys.stderr)
    except OSError as error:
        print(f"batch: {error.filename or arguments.out}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:  # the second one: whoever sends it does not want to wait for the workers
        print("batch: stopped at once; --resume goes on.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(STOPPED)
    return 2


def _batch(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    _check_out(arguments.out, arguments.before, arguments.after)
    for pattern in arguments.accept:
        matcher(pattern)  # an error is known before hours of work
    found = find_pairs(arguments.before, arguments.after)
    if found.none_meet:
        print(
            f"No file has a partner: {arguments.before} and {arguments.after} have no path in common.", file=sys.stderr
        )
    rules = read_rules(found.home, options_given(arguments))
    source = {"before": arguments.before, "after": arguments.after, "pictures": arguments.pictures}
    limits = {"limits": asdict(settings.limits), "max_file_bytes": settings.max_file_bytes}
    results = Results(arguments.out, source | rules.describe() | limits, resume=arguments.resume)
    try:
        changed = _forget_changed(found, results, quiet=arguments.quiet)
        whole = _compare(arguments, found, Plan(rules, settings, arguments.pictures), results)
        try:
            if whole and arguments.accept:
                _accept(arguments.accept, found, results, changed)
        finally:  # what was accepted before one of them failed is in the report, too
            status = _report(arguments, found, results, whole)
        return status
    finally:
        results.close()


def _forget_changed(found: Pairs, results: Results, *, quiet: bool) -> Container[str]:
    """Look whether the pairs that have a line are still the same pictures; the others are compared again."""
    bar = progress_bar(len(results.rows), 0, quiet=quiet, doing="Checking", delay=1)
    with closing(bar):
        changed = forget_changed(found.pairs, results, bar.update)
    if changed:
        print(f"{_pairs(len(changed))} changed since compared: compared again.")
    return changed


def _accept(patterns: Sequence[str], found: Pairs, results: Results, changed: Container[str]) -> None:
    copied, held = accept(found.pairs, results, patterns, found.home, unseen=changed)
    print(f"Accepted {copied:,}: copied after over before.")
    if not copied + held:
        print(f"No pair that changed is named {' or '.join(patterns)}.", file=sys.stderr)
    if held:
        print(f"Not accepted {held:,}: changed since compared, see the new report first.", file=sys.stderr)


def _compare(arguments: argparse.Namespace, found: Pairs, plan: Plan, results: Results) -> bool:
    """Compare what has no result yet; give whether it came to its end."""
    todo = sum(not is_done(pair, results) for pair in found.pairs)
    if not todo:
        return True
    executor = _executor(arguments, plan.settings, todo)
    bar = progress_bar(len(found.pairs), len(found.pairs) - todo, quiet=arguments.quiet)

    def advance() -> None:
        show_counts(bar, results.counts)
        bar.update()

    try:
        return run_batch(found.pairs, plan, executor, results, advance)
    finally:
        bar.close()
        executor.close()


def _executor(arguments: argparse.Namespace, settings: Settings, todo: int) -> Executor:
    private = only_here(f"{arguments.before} {arguments.after}")
    if arguments.scheduler:
        if private:
            raise BadRequest("memory:// is in this process only; a cluster cannot read it.")
        try:
            from app.batch.dask_executor import batch_executor
        except ImportError:
            raise BadRequest("--scheduler needs what requirements-cluster.txt names; install that first.") from None
        return batch_executor(arguments.scheduler, settings)
    if private:
        return ThisProcess()
    jobs = min(arguments.jobs, todo)
    return LocalProcesses(jobs, seconds=settings.deadline, max_memory_bytes=settings.max_memory_bytes)


def _report(arguments: argparse.Namespace, found: Pairs, results: Results, whole: bool) -> int:
    """Write the reports, say how it went in three lines, give the exit status."""
    rows = results.finish(pair.name for pair in found.pairs)
    title = " and ".join(filter(None, (arguments.before, arguments.after)))
    seconds = sum(row.seconds for row in rows)
    facts = Facts(title, rows, len(found.pairs), found.aside, datetime.now(UTC), seconds, _again(arguments))
    write_reports(arguments.out, facts)
    print(f"{_pairs(len(rows))}: {in_words(facts.counts) or 'none'}.")
    print(f"Report: {arguments.out / 'index.html'}")
    if not whole:
        print(f"Stopped: {len(found.pairs) - len(rows):,} pairs are left; --resume goes on.", file=sys.stderr)
        return STOPPED
    return facts.status


def _pairs(count: int) -> str:
    return f"{count:,} {'pair' if count == 1 else 'pairs'}"


def _again(arguments: argparse.Namespace) -> str:
    """Write the command that takes up this report, as a shell reads it."""
    words = ["python", "-m", "app", "batch", arguments.before, *filter(None, [arguments.after])]
    words += ["--out", str(arguments.out), "--pictures", arguments.pictures, "--resume"]
    for name, values in options_given(arguments).items():
        words += [f"--{name.replace('_', '-')}={value}" for value in values]
    return shlex.join(words)


def _check_out(out: Path, *places: str | None) -> None:
    """Refuse to write among the pictures: the next run would compare its own report."""
    for place in places:
        folder = folder_of(place) if place else None
        if folder and out.resolve().is_relative_to(folder.resolve()):
            raise BadRequest(f"--out {out} lies in {folder}; choose a folder outside of it.")
