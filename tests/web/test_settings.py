"""Settings are read from the environment, checked at start, and what is wrong is named."""

import re
from pathlib import Path

import pytest

from app import create_app
from app.analysis import Limits
from app.settings import Settings, SettingsError, as_markdown_table


def test_without_any_variable_the_defaults_hold() -> None:
    assert Settings.from_environment({"PATH": "/bin"}) == Settings()
    assert Settings().limits == Limits()


def test_variables_are_read_by_their_names() -> None:
    settings = Settings.from_environment(
        {
            "IMAGE_DIFF_STORE": "/data",
            "IMAGE_DIFF_DEADLINE": "2.5",
            "IMAGE_DIFF_MAX_PIXELS": "1000000",
            "IMAGE_DIFF_TRUSTED_HOSTS": "a.example, b.example,",
        }
    )
    assert settings.store == "/data"
    assert settings.deadline == 2.5
    assert settings.limits.max_pixels == 1_000_000
    assert settings.trusted_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("name", "value", "mentions"),
    [
        ("DEADLINE", "0", "greater than 0"),
        ("DEADLINE", "soon", "valid number"),
        ("EVALUATIONS", "0", "greater than or equal to 1"),
        ("MAX_SIDE", "32767", "less than or equal to 32766"),
        ("MAX_PIXELS", "-5", "greater than or equal to 1"),
        ("DEADLINE", "inf", "less than or equal to 86400"),
        ("KEEP_SECONDS", "99999999999999999", "less than or equal to 315360000"),
        ("RATE_LIMIT", "often", "couldn't parse"),
        ("RATE_LIMIT", "0/minute", "would let nobody in"),
        ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO'"),
        ("DEDLINE", "3", "not a setting"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, mentions: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"IMAGE_DIFF_{name}")) as error:
        Settings.from_environment({f"IMAGE_DIFF_{name}": value})
    assert mentions in str(error.value)


def test_every_setting_has_a_sentence_and_a_row_in_the_table() -> None:
    rows = as_markdown_table().splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)
    for row, (name, field) in zip(rows, Settings.model_fields.items(), strict=True):
        assert row.startswith(f"| `IMAGE_DIFF_{name.upper()}` |")
        assert field.description
        assert row.count("|") == 4


def test_a_store_that_cannot_be_written_is_named_at_start(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(SettingsError, match=re.escape(f"IMAGE_DIFF_STORE={file}")):
        create_app(Settings(store=file))
