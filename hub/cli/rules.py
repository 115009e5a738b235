"""``hub rules``: the table of its commands."""

import click

from hub.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "check": Entry("hub.cli.rules_check", "check", "Find what is wrong with the rules, and say what to do."),
    "test": Entry("hub.cli.rules_check", "test", "Try the examples that stand in the rules."),
    "explain": Entry("hub.cli.rules_explain", "explain", "Say why a ticket or a text is decided as it is."),
    "backtest": Entry(
        "hub.cli.rules_history", "backtest", "Show what other rules would have done with stored tickets."
    ),
    "coverage": Entry("hub.cli.rules_history", "coverage", "Show what no rule touches, and rules that never match."),
    "decide": Entry("hub.cli.rules_decide", "decide", "Decide every text of a file."),
    "score": Entry("hub.cli.rules_decide", "score", "Measure the rules on labelled texts."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def rules() -> None:
    """Check, test, explain and try rules.

    No credentials are needed. The rules are those of --rules, else of the settings, else the built-in ones.
    """
