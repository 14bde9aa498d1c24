"""Commands that can tell their completion, and one that can't."""

import click


@click.group()
def command():
    """Made with click."""


@command.command()
def sell():
    """Sell it."""


@command.command()
def send():
    """Send it."""
