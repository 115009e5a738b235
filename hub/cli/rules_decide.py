"""``hub rules decide`` and ``hub rules score``: the rules on files of texts."""

import codecs
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import FAILED
from hub.cli.filters import Moment
from hub.cli.loader_russian import in_russian
from hub.cli.output import Column, print_json, print_table, printable, progress, say
from hub.cli.rules_corrections import FIELDS, score_corrections
from hub.cli.rules_files import TEXT_KEYS, BadRow, Row, opened, rows
from hub.cli.ruleset import KIND, AtHand, at_hand, rules_options
from hub.cli.speech import Speech
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.routing.decide import Decision
    from hub.routing.facts import Facts, FactsError
    from hub.routing.rules import RuleSet
    from hub.routing.score import By, Labelled, Score

_TOLD = 20  # bad lines that are told one by one
_EVERY = 1000  # rows between two looks at the progress
_LARGEST = 2**63  # whole numbers of JSON that other programs can read
_LABELS = 10  # that are named in one message
_TEXT = 160  # characters of a text in a table


class Encoding(click.ParamType[str]):
    """The name of an encoding that Python knows."""

    name = "encoding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            self.fail(f"{value!r} is no encoding; write for example utf-8 or cp1251", param, ctx)


file_argument = click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
encoding_option = click.option("--encoding", type=Encoding(), default="utf-8", show_default=True, help="Of the file.")


@click.command
@file_argument
@encoding_option
@rules_options
@shared_options
@pass_state
def decide(state: State, file: Path, encoding: str, folder: Path | None, lang: str | None) -> None:
    """Decide every text of a file; one JSON object a line comes out.

    FILE is JSON Lines or CSV, also packed with gzip, - for standard input. Keys or columns: id, text (or title and
    body), and any fact that an example in a rule may have; others are passed over. Without a kind it is a mention. A
    line that cannot be used is told with its number, and so is a value that cannot be read, which counts as unknown;
    the others are decided, and the exit code is 1. Neither settings nor a store are needed.
    """
    import orjson

    hand = at_hand(state, folder, lang)
    rules = hand.load()
    told = _Bad(hand.speech)
    for row, decision in _decided(file, encoding, rules, told, hand.speech, quiet=state.verbosity < 0):
        sys.stdout.buffer.write(orjson.dumps(_line(row, decision), default=str) + b"\n")
    if not told.lines:
        say(hand.speech("empty_file", file=file))
    told.end()


@dataclass(slots=True)
class _Bad:
    """Lines that cannot be used, and values that cannot be read, told as they come.

    Attributes:
        label: the column that says what a text is; what stands there is no fact, whatever it is called.
    """

    speech: Speech
    label: str | None = None
    lines: int = 0
    bad: int = 0
    values: int = 0

    def tell(self, row: BadRow) -> None:
        self.bad += 1
        self._say("bad_line", line=row.line, why=self._told(row.why))

    def tell_value(self, line: int, error: "FactsError") -> None:
        if error.key != self.label:
            self.values += 1
            self._say("bad_value", line=line, key=error.key, why=self._told(str(error)))

    def _told(self, why: str) -> str:
        return in_russian(why) if self.speech.lang == "ru" else why

    def _say(self, text: str, /, **values: Any) -> None:
        if self.bad + self.values <= _TOLD:
            say(self.speech(text, **values))

    def end(self) -> None:
        """Say how many there were.

        Raises:
            click.exceptions.Exit: there were some.
        """
        more = self.bad + self.values - _TOLD
        if more > 0:
            say(self.speech("bad_more", count=more))
        if self.bad:
            say(self.speech("bad_sum", bad=self.bad, lines=self.lines))
        if self.values:
            say(self.speech("bad_values", count=self.values))
        if self.bad or self.values:
            raise click.exceptions.Exit(FAILED)


def _decided(
    path: Path, encoding: str, rules: "RuleSet", told: _Bad, speech: Speech, *, quiet: bool
) -> "Iterator[tuple[Row, Decision]]":
    with opened(path) as file, progress(speech("deciding"), quiet=quiet) as shown:
        for row in rows(file, encoding):
            told.lines += 1
            if told.lines % _EVERY == 0:
                shown.show(speech("decided", count=told.lines))
            why = row.why if isinstance(row, BadRow) else _unusable(row)
            if isinstance(row, BadRow) or why:
                told.tell(BadRow(row.line, why))
                continue
            yield row, rules.decide(_facts(row, told))


def _facts(row: Row, told: _Bad) -> "Facts":
    from hub.routing.facts import facts_from

    facts = facts_from(row.values, kind=KIND, tell=partial(told.tell_value, row.line))
    if facts.created_at:  # as it was when it was written
        facts = facts_from(row.values, kind=KIND, now=facts.created_at)
    return facts


def _unusable(row: Row) -> str:
    """Return why there is nothing to decide in *row*; empty where there is."""
    given = [key for key in TEXT_KEYS if key in row.values]
    if not given:
        return f"has none of the keys {', '.join(TEXT_KEYS)}"
    wrong = next((key for key in given if isinstance(row.values[key], dict | bool)), None)
    return f"{wrong} is no text" if wrong else ""


def _line(row: Row, decision: "Decision") -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": _id(row),
        "category": decision.category,
        "priority": decision.priority,
        "score": decision.score,
        "queue": decision.queue,
        "tags": list(decision.tags),
        "rules": list(decision.rules),
    }
    if decision.policy:
        line["policy"] = decision.policy
        due = _due(decision)
        if due:
            line["due"] = due
    return line


def _id(row: Row) -> Any:
    found = row.values.get("id", row.line)
    return found if not isinstance(found, int) or abs(found) < _LARGEST else str(found)


def _due(decision: "Decision") -> dict[str, str]:
    names = ("first_response_due", "next_response_due", "resolution_due")
    times: list[tuple[str, datetime | None]] = [(name, getattr(decision.sla, name)) for name in names]
    return {name.removesuffix("_due"): at.isoformat().replace("+00:00", "Z") for name, at in times if at}


# --- score ----------------------------------------------------------------------------------------------------------


class Labels(click.ParamType[Mapping[str, str]]):
    """``label=category,…``."""

    name = "label=category,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mapping[str, str]:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # click converts a converted value again
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        wrong = next((label for label, equals, name in pairs if not equals or not name.strip()), None)
        if wrong is not None:
            self.fail(
                f"{wrong!r} has no =; write label=category, such as negative=complaint,positive=praise", param, ctx
            )
        return {label.strip(): name.strip() for label, _, name in pairs}


@click.command
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--corrections", is_flag=True, help="Not a file: the stored tickets that people corrected.")
@click.option("--since", type=Moment(), help="With --corrections: made since: 2026-11-01, 7d, 12h.")
@click.option("--field", "fields", multiple=True, type=click.Choice(FIELDS),
              help="With --corrections: of this field only.")  # fmt: skip
@click.option("--label", metavar="COLUMN", help="The column or key that says what each text is.")
@click.option("--map", "names", type=Labels(), default=None,
              help="What labels mean: negative=complaint,positive=praise; other labels are left out.")  # fmt: skip
@click.option("--by", type=click.Choice(["category", "queue", "tag", "priority"]), default="category",
              show_default=True, help="What of the decision the labels are.")  # fmt: skip
@click.option("--worst", type=click.IntRange(0), default=0, help="Show so many mistakes.")
@encoding_option
@rules_options
@json_option
@shared_options
@pass_state
def score(
    state: State,
    /,
    file: Path | None,
    corrections: bool,
    since: Any,
    fields: Sequence[str],
    label: str | None,
    names: Mapping[str, str] | None,
    by: "By",
    worst: int,
    encoding: str,
    folder: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Measure the rules on labelled texts: precision, recall, F1, and what is taken for what.

    FILE is as for "hub rules decide". Texts without a label are left out. Where labels are not called like categories,
    --map says what they mean; where they are queues, tags or priorities, --by says so. How many texts --map leaves
    out, and which labels the rules never say, is told.

    With --corrections the texts are the stored tickets whose category, priority or queue a person set otherwise than
    rules had decided, here or in a helpdesk; the rules decide them as if nothing was pinned.
    """
    from hub.routing.score import score as scored
    from hub.routing.score import values_of

    _check_score(file, label, corrections, since, fields)
    hand = at_hand(state, folder, lang)
    if file is None or label is None:
        score_corrections(state, hand, fields, since, worst, as_json=as_json)
        return
    rules = hand.load()
    known = values_of(rules, by)
    _check_targets(names or {}, known)
    told = _Bad(hand.speech, label)
    decided = _decided(file, encoding, rules, told, hand.speech, quiet=state.verbosity < 0)
    left: Counter[str] = Counter()
    texts = list(_labelled(decided, label, names, by, left))
    if not texts:
        raise click.UsageError(f'no text has a label in "{label}"{" that --map names" if names else ""}')
    result = scored(texts, worst=worst)
    if as_json:
        print_json({**score_json(result, rules.version, by), "left_out": dict(left.most_common())})
    else:
        print_score(result, hand)
    strange = Counter(one.label for one in texts if one.label not in known)
    if left:
        say(hand.speech("score.left_out", count=left.total(), labels=_counted(left)))
    if strange:
        say(hand.speech("score.strange", what=hand.speech(f"by.{by}"), labels=_counted(strange)))
    told.end()


def _check_score(file: Path | None, label: str | None, corrections: bool, since: Any, fields: Sequence[str]) -> None:
    if corrections and (file or label):
        raise click.UsageError("--corrections are stored tickets: leave FILE and --label out")
    if not corrections and (since or fields):
        raise click.UsageError("--since and --field go with --corrections")
    if not corrections and (file is None or label is None):
        raise click.UsageError("name a FILE and its --label, or say --corrections")


def _check_targets(names: Mapping[str, str], known: Collection[str]) -> None:
    from hub.sdk.nearest import did_you_mean, listed

    for label, name in names.items():
        if name not in known:
            hint = did_you_mean(name, known) or ";"
            raise click.BadParameter(
                f'"{label}={name}": the rules never say "{name}"{hint} valid: {listed(known)}', param_hint="--map"
            )


def _counted(labels: Counter[str]) -> str:
    shown = [f"{printable(label)} ({count})" for label, count in labels.most_common(_LABELS)]
    return ", ".join([*shown, "…"] if len(labels) > _LABELS else shown)


def _labelled(
    decided: "Iterator[tuple[Row, Decision]]",
    column: str,
    names: Mapping[str, str] | None,
    by: "By",
    left: Counter[str],
) -> "Iterator[Labelled]":
    """Yield the texts with a label; labels that *names* leaves out are counted in *left*."""
    from hub.routing.score import Labelled, said_of

    kept: list[tuple[Row, Decision, str]] = []
    for row, decision in decided:
        label = _label(row, column)
        if label is not None and names is not None and label not in names:
            left[label] += 1
        elif label is not None:
            kept.append((row, decision, label if names is None else names[label]))
    labels = dict.fromkeys(label for _, _, label in kept)
    for row, decision, label in kept:
        said = said_of(decision, by, label, labels)
        text = " — ".join(str(row.values[key]) for key in ("title", "text", "body") if row.values.get(key))
        yield Labelled(str(row.values.get("id", row.line)), label, said, decision.rules, " ".join(text.split()))


def _label(row: Row, column: str) -> str | None:
    from hub.sdk.nearest import did_you_mean, listed

    if column not in row.values:
        hint = did_you_mean(column, row.values) or ";"
        raise click.BadParameter(
            f'line {row.line} has no "{column}"{hint} it has: {listed(row.values)}', param_hint="--label"
        )
    label = row.values[column]
    if label is None or not str(label).strip():
        return None
    return str(label).strip()


def score_json(result: "Score", version: str, by: str) -> dict[str, Any]:
    precision, recall, f1 = result.macro
    return {
        "ruleset": version,
        "by": by,
        "texts": result.texts,
        "accuracy": result.accuracy,
        "undecided": result.undecided,
        "classes": result.classes,
        "macro": {"precision": precision, "recall": recall, "f1": f1},
        "confusion": [
            {"label": label, "decided": said, "texts": count} for (label, said), count in result.confusion.items()
        ],
        "worst": result.worst,
    }


def print_score(result: "Score", hand: AtHand) -> None:
    speech = hand.speech
    print_table(
        [
            Column(speech("column.class")),
            *(Column(speech(f"column.{name}"), right=True) for name in ("precision", "recall", "f1", "texts")),
        ],
        [
            *(
                [one.name, _share(one.precision), _share(one.recall), _share(one.f1), one.texts]
                for one in result.classes
            ),
            [speech("macro"), *map(_share, result.macro), result.texts],
        ],
    )
    click.echo(f"\n{speech('head.confusion')}")
    _print_confusion(result, speech)
    if result.worst:
        click.echo(f"\n{speech('head.worst')}")
        _print_worst(result.worst, speech)
    say(speech("score.sum", texts=result.texts, accuracy=_share(result.accuracy), undecided=result.undecided))


def _print_confusion(result: "Score", speech: Speech) -> None:
    labels = [one.name for one in result.classes]
    others = sorted({said for _, said in result.confusion if said is not None} - set(labels))
    said: list[str | None] = [*labels, *others]
    if result.undecided:
        said.append(None)
    print_table(
        [Column(""), *(Column(speech("undecided") if name is None else name, right=True) for name in said)],
        [[label, *(result.confusion.get((label, name), 0) for name in said)] for label in labels],
    )


def _print_worst(worst: "Sequence[Labelled]", speech: Speech) -> None:
    columns = [Column(speech(f"column.{name}")) for name in ("id", "label", "said", "rules")]
    rows_ = [
        [one.id, one.label, one.said or speech("undecided"), ", ".join(one.rules), one.text[:_TEXT]] for one in worst
    ]
    print_table([*columns, Column(speech("column.text"), flexible=True)], rows_)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
