"""What the demo tells, step by step. Every figure is counted, every command is run; nothing is made up here."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.demo_folder import CRM, HELPDESK, MAPS, MENTIONS, TOMORROW
from hub.cli.demo_people import Office
from hub.cli.demo_proof import Proof, proof_of
from hub.cli.demo_shell import DemoError, Shell
from hub.cli.output import one_line, short_id
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.sandbox import Running
    from hub.sdk import Ticket

STOLEN = "Помогите!!! У меня укpали деньги с карты, 40 тысяч, а на линии никто не отвечает"
"""The p in it is Latin, as in what gets past simple filters."""

_ROUNDS = 8  # syncs until everything is sent: what was sent when the process was killed is looked up first
_BAR = 28  # columns
_KINDS = ("people", "praise", "chat", "analysis", "news", "spam", "done", "rest")
_EXPLAINED = 22  # lines
_TAIL = 14


class Story:
    """One telling.

    Args:
        shell: runs the hub's commands.
        sandbox: the vendors.
        speech: in whose language.
    """

    def __init__(self, shell: Shell, sandbox: "Running", speech: Speech) -> None:
        self._shell = shell
        self._sandbox = sandbox
        self._say = speech
        self._office = Office(sandbox, speech)
        self._started = time.monotonic()
        self._step = 0

    def tell(self, *, kept: bool) -> None:
        """Tell it all; parts for which a plugin is missing are left out."""
        vendors = self._sandbox.urls.keys()
        stolen = self._office.somebody_writes(STOLEN) if MENTIONS in vendors else None
        killed = self._read()
        self._sorted()
        ticket = self._find(STOLEN) if stolen else None
        if ticket is not None:
            self._explained(ticket, delivered=HELPDESK in vendors)
            if CRM in vendors:
                self._escalated(ticket)
        if MAPS in vendors:
            self._answered()
        self._proved(killed)
        self._tomorrow()
        if HELPDESK in vendors:
            self._figures()
        self._next(ticket, kept=kept)

    # --- steps ----------------------------------------------------------------------------------------------------

    def _read(self) -> int | None:
        """Read everything, killed in the middle; return how many cases the helpdesk had then, None: it was over."""
        self._heading("reading")
        self._shell.prompt("sync")
        before = self._office.cases()
        enough = before + self._office.enough
        running = self._shell.killed("sync", "-q", when=lambda: self._office.cases() >= enough)
        there = self._office.cases() - before
        if running:
            self._tell("killed", cases=there)
            self._shell.prompt("sync")
        started = time.monotonic()
        self._until_sent()
        self._tell("read_on" if running else "read", seconds=time.monotonic() - started)
        return there if running else None

    def _until_sent(self) -> None:
        for _ in range(_ROUNDS):
            self._shell.run("sync", "-q", codes=(0, 1))
            if not any(row["state"] == "waiting" for row in self._shell.json("outbox")):
                return
            time.sleep(0.5)

    def _sorted(self) -> None:
        """Count where mentions and reviews went."""
        counted: Counter[str] = Counter()
        records = 0
        for ticket in self._tickets():
            counted[_kind_of(ticket)] += 1
            records += len(ticket.messages)
        self._heading("sorted", records=records, tickets=counted.total(), people=counted["people"])
        rows = [(self._say(f"kind.{kind}"), counted[kind]) for kind in _KINDS if counted[kind]]
        widest, most = max(len(name) for name, _ in rows), max(number for _, number in rows)
        for name, number in rows:
            click.echo(f"    {name.ljust(widest)}  {number:>4}  {'█' * max(round(_BAR * number / most), 1)}")

    def _explained(self, ticket: "Ticket", *, delivered: bool) -> None:
        self._heading("stolen")
        click.echo(f"    │ {STOLEN}")
        self._shell.show("rules", "explain", _short(ticket), keep=self._reason)
        if delivered:
            told = [link for link in ticket.links if link.role == "delivered"]
            there = self._office.cases_of(ticket)
            self._tell("delivered_once", case=told[0].external_id if told else "?", times=len(there))

    def _reason(self, lines: list[str]) -> Sequence[str]:
        """Return the lines that say why, and until when an answer is due."""
        misses, due = (self._say(key) for key in ("head.near", "head.deadlines"))
        why = lines[: lines.index(misses)] if misses in lines else lines
        return [*why[:_EXPLAINED], *(lines[lines.index(due) : lines.index(due) + 4] if due in lines else [])]

    def _escalated(self, ticket: "Ticket") -> None:
        self._heading("escalated")
        self._shell.show("tickets", "escalate", _short(ticket), "--to", CRM, "--department", "claims")
        self._shell.run("sync", CRM, "-q")
        held = self._again(ticket)
        link = next(link for link in held.links if link.role == "escalated")
        for line in self._office.task(link.external_id):
            click.echo(f"    │ {one_line(line)}")
        self._tell("held", state=held.state, case=link.external_id)
        self._office.finish(link.external_id, self._say("department_answers"))
        time.sleep(1.1)  # the pause is real, and so is its length
        self._shell.run("sync", CRM, "-q")
        self._shell.show("tickets", "show", _short(ticket), keep=lambda lines: lines[-_TAIL:])
        self._tell("came_back", state=self._again(ticket).state)

    def _answered(self) -> None:
        self._heading("answered")
        published = self._office.moderate()
        self._shell.run("sync", MAPS, "-q", codes=(0, 1))
        replies = self._shell.json("replies", "list", "--state", "published")
        if not replies:
            self._tell("nobody_thanked")
            return
        said = self._by_id(str(replies[0]["ticket"]))
        click.echo(f"    │ ★ {said.rating or 0:g}  {one_line(said.messages[0].body)}")
        click.echo(f"    └ {one_line(str(replies[0]['final']))}")
        self._tell("published", published=len(replies), asked=published)

    def _proved(self, killed: int | None) -> None:
        self._heading("proof")
        proof: Proof = proof_of(self._sandbox, self._tickets(everything=True), self._dead())
        key = "proof_killed" if killed is not None else "proof_whole"
        self._tell(key, **proof.figures)
        if not proof.holds:
            raise DemoError(self._say("proof_failed", told="; ".join(proof.findings[:3])))

    def _tomorrow(self) -> None:
        self._heading("tomorrow")
        self._shell.show("rules", "backtest", "--rules", TOMORROW, "--limit", "3", keep=lambda lines: lines[:_TAIL])
        result = self._shell.json("rules", "backtest", "--rules", TOMORROW, "--limit", "0")
        self._tell("would_move", changed=result["changed"], tickets=result["tickets"])

    def _figures(self) -> None:
        self._heading("figures")
        worked = self._office.work([ticket for ticket in self._tickets() if _kind_of(ticket) == "people"])
        self._shell.run("sync", HELPDESK, "-q", codes=(0, 1))
        self._tell("worked", tickets=worked)
        ours = ("--kind", "mention", "--kind", "review")
        self._shell.show("stats", "work", "--by", "operator", *ours)
        self._shell.show("stats", "cases", "--by", "department", *ours)
        report = self._shell.folder / "report.xlsx"
        report.unlink(missing_ok=True)
        self._shell.prompt("stats", "workbook", report.name)
        self._shell.run("stats", "workbook", report.name)
        self._tell("workbook", file=report)

    def _next(self, ticket: "Ticket | None", *, kept: bool) -> None:
        self._heading("next")
        commands = [
            ("next_list", "tickets list --priority urgent"),
            ("next_text", f"tickets list --text {self._say('word')}"),
            ("next_replies", "replies list"),
            ("next_status", "status"),
            ("next_export", "tickets export --format csv -o tickets.csv"),
            ("next_init", "init my-hub"),
        ]
        if ticket is not None:
            commands.insert(0, ("next_show", f"tickets show {_short(ticket)}"))
        if kept:
            commands.insert(0, ("next_sync", "sync"))
        click.echo(f"    cd {self._shell.folder}")
        lines = [(key, f"{self._shell.program} {command}") for key, command in commands]
        widest = max(len(line) for _, line in lines)
        for key, line in lines:
            click.echo(f"    {line.ljust(widest)}  # {self._say(key)}")
        self._tell("took", seconds=time.monotonic() - self._started)

    # --- what is in the store ---------------------------------------------------------------------------------------

    def _tickets(self, *, everything: bool = False) -> "list[Ticket]":
        """Return mentions and reviews; *everything*: tasks and issues too."""
        from hub.store import open_store

        with open_store(f"sqlite:///{self._shell.folder.absolute() / 'hub.db'}") as store:
            return [one for one in store.iter_tickets() if everything or one.kind in ("mention", "review")]

    def _dead(self) -> list[bytes]:
        from hub.store import open_store

        with open_store(f"sqlite:///{self._shell.folder.absolute() / 'hub.db'}") as store:
            return [letter.body for letter in store.dead_letters(limit=10_000)]

    def _find(self, text: str) -> "Ticket | None":
        return next((one for one in self._tickets() if any(text in said.body for said in one.messages)), None)

    def _by_id(self, ident: str) -> "Ticket":
        return next(one for one in self._tickets() if str(one.id).startswith(ident))

    def _again(self, ticket: "Ticket") -> "Ticket":
        return self._by_id(str(ticket.id))

    # --- words --------------------------------------------------------------------------------------------------------

    def _heading(self, key: str, **values: Any) -> None:
        click.echo()
        title = self._say(f"{key}.title", **values) if values else self._say(f"{key}.title")
        self._step += 1
        click.secho(f"{self._step}. {title}", bold=True)

    def _tell(self, key: str, **values: Any) -> None:
        click.echo(f"  {self._say(key, **values) if values else self._say(key)}")


def _short(ticket: "Ticket") -> str:
    return short_id(str(ticket.id))


def _kind_of(ticket: "Ticket") -> str:
    """Return where a mention or review went: to people in the helpdesk, or past them."""
    if any(link.role == "delivered" for link in ticket.links):
        return "people"
    if ticket.category in ("spam", "news", "praise"):
        return ticket.category
    if ticket.queue == "marketing":
        return "news"
    if ticket.state in ("solved", "closed", "hidden"):
        return "done"
    return ticket.queue if ticket.queue in ("chat", "analysis") else "rest"
