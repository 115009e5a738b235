"""Printing: aligned text away from a terminal, a fitted table on one, nothing that a terminal would obey."""

import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub.cli import output
from hub.cli.output import Column, Lines
from hub.runtime import logs
from hub.sdk import Author

COLUMNS = [Column("id"), Column("n", right=True), Column("text", flexible=True)]


def test_away_from_a_terminal_columns_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(COLUMNS, [["a", 5, "one\ntwo"], ["bbb", 1000, None]])
    assert capsys.readouterr().out == "id      n  text\na       5  one two\nbbb  1000\n"


def test_on_a_terminal_the_flexible_column_is_cut_to_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    output.print_table(COLUMNS, [["a", 5, "слово " * 20]])
    printed = capsys.readouterr().out
    assert "\x1b[3" not in printed, "a colour in spite of NO_COLOR"
    head, row = (re.sub(r"\x1b\[\d*m", "", line) for line in printed.splitlines())
    assert head.split() == ["id", "n", "text"]
    assert row.endswith("…")
    assert len(row) == 30


@pytest.mark.parametrize(("letters", "parts"), [(30, 5), (45, 3), (100, 1)])
def test_no_figure_is_cut_on_a_narrow_terminal_and_each_part_names_its_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, letters: int, parts: int
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(letters))
    monkeypatch.setenv("TERM", "xterm-256color")
    figures = [[f"{number}00 000 {name}" for number in range(1, 6)] for name in ("a", "b")]
    columns = [Column("queue"), *(Column(f"title of figure {number}", right=True) for number in range(5))]
    output.print_figures(columns, [["claims of all customers", *figures[0]], ["maps", *figures[1]]], 1)
    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= letters
    assert lines.count("") == parts - 1
    assert sum(line.startswith("maps") for line in lines) == parts
    printed = "\n".join(lines)
    assert all(figure in printed for row in figures for figure in row)
    assert ("claims of all customers" in printed) == (letters == 100)  # a name may be cut


def test_away_from_a_terminal_only_a_column_that_wraps_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "w" * 300
    output.print_table([Column("cut"), Column("whole", wraps=True)], [["c" * 300, long]])
    cut, whole = capsys.readouterr().out.splitlines()[1].split()
    assert (len(cut), whole) == (200, long)


def test_markup_in_a_text_is_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    output.print_table([Column("text", flexible=True)], [["[red]not markup[/red] :smile:"]])
    assert "[red]not markup[/red] :smile:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07", "a[31mb"),
        ("a\x9b31mb", "a31mb"),
        ("user\u202egpj.exe", "usergpj.exe"),
        ("line\n\ttab ё 🎄 e\u0301", "line\n\ttab ё 🎄 e\u0301"),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(text: str, shown: str) -> None:
    assert output.printable(text) == shown


def test_json_has_values_as_programs_want_them(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 20, 15, 0, tzinfo=timezone(timedelta(hours=3)))
    output.print_json({"at": at, "bytes": b"\xd1\x91", "author": Author(key="k"), "column": COLUMNS[0]})
    printed = json.loads(capsys.readouterr().out)
    assert printed["at"] == "2026-11-20T12:00:00Z"
    assert printed["bytes"] == "ё"
    assert printed["column"]["title"] == "id"


@dataclass(frozen=True)
class Finding:
    message: str


def test_a_registered_secret_is_printed_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_secrets", logs._Secrets())
    secret = 'of"ours\\s3cret'
    logs.register_secrets([secret, "4711"])
    text = f"refused: {secret}"
    output.say(text)
    output.print_table([Column("finding")], [[text]])
    output.print_json({"findings": [Finding(text)], "tuple": (text,), "set": {text}, secret: 1, "n": 4711, "ok": True})
    printed = capsys.readouterr()
    assert printed.err == "refused: [secret]\n"
    table, _, as_json = printed.out.partition("{")
    assert table == "finding\nrefused: [secret]\n"
    assert "s3cret" not in as_json
    clean = "refused: [secret]"
    assert json.loads("{" + as_json) == {
        "findings": [{"message": clean}], "tuple": [clean], "set": "{'" + clean + "'}", "[secret]": 1, "n": 4711,
        "ok": True,
    }  # fmt: skip


def test_a_secret_that_is_a_common_word_spoils_no_column_of_the_hub_s_own_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_secrets", logs._Secrets())
    logs.register_secrets(["wrong"])
    columns = [Column("instance"), Column("", fixed=True), Column("finding")]
    output.print_table(columns, [["maps", "wrong", "401: wrong is no token"]])
    assert capsys.readouterr().out.splitlines()[1] == "maps      wrong  401: [secret] is no token"


def test_times_are_shown_in_the_zone_of_the_reader() -> None:
    at = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    assert output.local(at, timezone(timedelta(hours=3))) == "2026-11-21 01:30"
    assert output.local(None, UTC) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (7199, "1h"), (86400 * 3, "3d")]
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert output.span(timedelta(seconds=seconds)) == shown


def test_progress_is_silent_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("reading") as shown:
        shown.show("more")
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal_unless_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with output.progress("reading", quiet=True):
        pass
    assert capsys.readouterr().err == ""
    with output.progress("reading"):
        pass
    printed = capsys.readouterr()
    assert "reading" in printed.err
    assert printed.out == ""


def test_away_from_a_terminal_long_work_says_a_line_in_half_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    lines = Lines(lambda: now[0])
    for passed in range(70):
        now[0] = 100.0 + passed
        lines.show(f"{passed} of 70\n sent")
    assert capsys.readouterr().err.splitlines() == ["30 of 70 sent", "60 of 70 sent"]


def test_a_wait_that_lasts_is_said_at_once_and_of_each_instance_once_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    lines = Lines(lambda: now[0])
    refused = ConnectionRefusedError("127.0.0.1 refused the connection")
    lines.wait("maps", 1, 1.9, refused)
    assert capsys.readouterr().err == ""
    for passed in (1, 30, 60, 61):
        now[0] = passed
        lines.wait("maps", passed, 4.2, refused)
    lines.wait("desk", 1, 9, refused)
    assert capsys.readouterr().err.splitlines() == [
        "maps: 127.0.0.1 refused the connection; try 2 in 4 s",
        "maps: 127.0.0.1 refused the connection; try 62 in 4 s",
        "desk: 127.0.0.1 refused the connection; try 2 in 9 s",
    ]


@pytest.mark.parametrize(("quiet", "told"), [(False, "x\n"), (True, "")])
def test_what_is_in_progress_is_told_away_from_a_terminal_too_unless_quiet(
    quiet: bool, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(output, "Lines", lambda: Lines(lambda: now[0]))
    with output.progress("reading", quiet=quiet) as shown:
        now[0] = 31.0
        shown.show("x")
    assert capsys.readouterr().err == told
