"""``hub completion``: what makes a shell complete our words."""

import click


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete hub's words.

    \b
    bash: hub completion bash >> ~/.bashrc
    zsh:  hub completion zsh >> ~/.zshrc
    fish: hub completion fish > ~/.config/fish/completions/hub.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click cannot complete for {shell}", ctx)
    click.echo(found(ctx.find_root().command, {}, "hub", "_HUB_COMPLETE").source())
