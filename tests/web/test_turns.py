"""Who wants the same thing takes turns, and nobody waits for what is something else."""

from app.web import turns
from app.web.turns import turn_for


def test_the_same_thing_has_one_lock_and_others_have_their_own() -> None:
    """Locks were sixty-four for all pictures there are: some waited for a drawing that was none of theirs."""
    with turn_for("id", "mask.png"):
        assert turn_for("id", "mask.png").locked()
        assert not any(turn_for("id", number).locked() for number in range(1000))
    assert not turn_for("id", "mask.png").locked()


def test_a_lock_goes_when_nobody_needs_it() -> None:
    with turn_for("id", "mask.png"):
        assert ("id", "mask.png") in turns._locks
    assert ("id", "mask.png") not in turns._locks
