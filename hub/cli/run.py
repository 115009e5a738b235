"""``hub run`` and ``hub reload``: the daemon, and telling it of new settings."""

import click

from hub.cli.errors import FAILED
from hub.cli.output import say
from hub.cli.state import State, pass_state, shared_options


@click.command
@shared_options
@pass_state
def run(state: State) -> None:
    """Read on a schedule and send what waits, until it is stopped.

    Every instance is polled as its settings say (`every`, `cron`); one that fails or hangs makes no other late. Ctrl-C
    or SIGTERM lets the pages under way be stored and ends; a second one ends at once, and nothing is lost either.
    SIGHUP, or "hub reload", reads settings and rules anew. "hub sync" and all other commands may be used beside it.
    """
    from hub.runtime.aside import run_loop
    from hub.runtime.daemon import Daemon

    # At the start an instance whose settings are wrong stops no other; later on a wrong file changes nothing at all.
    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        run_loop(Daemon(settings, state.settings, store).run(state.config))


@click.command
@shared_options
@pass_state
def reload(state: State) -> None:
    """Let a running "hub run" read settings and rules anew.

    They are checked first, here and there: should something be wrong with them, nothing changes. It waits until every
    process has said what came of it, half a minute at most.
    """
    from hub.cli.daemons import reload_daemons
    from hub.routing.rules import load_rules
    from hub.runtime.switched_off import switched_off

    settings = state.settings()
    if settings.rules is not None:
        load_rules(settings.rules)  # apart from the store: that of new settings is not ours to make
    for off in switched_off(settings):
        if off.warns:
            say(f"{off.instance}: {off.message}; {off.todo}")
    told = reload_daemons(state.config)
    if not told:
        say(f'no "hub run" of yours runs on {state.config}')
    if not told or not all(one.ok for one in told):
        raise click.exceptions.Exit(FAILED)
