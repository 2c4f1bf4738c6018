"""`mlops bootstrap-commands`: the exact `cdk bootstrap` line of every account."""

from pathlib import Path

import click

from mlops.contract import Environment, StagesSpec, load_platform


@click.command()
@click.pass_obj
def bootstrap_commands(root: Path) -> None:
    """Print the `cdk bootstrap` commands, one per account and region."""
    for line in commands(load_platform(root).stages):
        click.echo(line)


def commands(stages: StagesSpec) -> list[str]:
    """One command per environment; stages trust the delivery account, which trusts nobody.

    Nothing but CloudFormation itself uses the execution policy. A stage's own is created from
    `docs/deploying.md`; AdministratorAccess is deliberately not the default here.
    """
    delivery = stages.delivery
    places = [Environment(account=stage.account, region=stage.region) for stage in stages.stages]
    lines = [_command(delivery, trusted=None, project=stages.project)]
    lines += [
        _command(place, trusted=delivery.account, project=stages.project)
        for place in dict.fromkeys(places)
        if place != delivery
    ]
    return lines


def _command(place: Environment, *, trusted: str | None, project: str) -> str:
    policy = f"arn:aws:iam::{place.account}:policy/{project}-cdk-execution"
    trust = "" if trusted is None else f" --trust {trusted}"
    return (
        f"npx cdk bootstrap aws://{place.account}/{place.region}{trust} "
        f"--cloudformation-execution-policies {policy}"
    )
