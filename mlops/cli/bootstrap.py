"""`mlops bootstrap-commands` and `mlops bootstrap-policy`: what an account needs once."""

import json
from pathlib import Path

import click

from mlops.cli.execution_policy import (
    Account,
    UnknownTypeError,
    accounts,
    policies,
    policy_name,
)
from mlops.contract import StagesSpec, load_config


@click.command("bootstrap-commands")
@click.pass_obj
def bootstrap_commands(root: Path) -> None:
    """Print the commands that prepare every account, the delivery account's first."""
    stages = load_config(root).stages
    for account in _in_order(accounts(stages), stages):
        for line in commands(account, stages):
            click.echo(line)


@click.command("bootstrap-policy")
@click.argument("account")
@click.argument("number", type=click.IntRange(min=1))
@click.pass_obj
def bootstrap_policy(root: Path, account: str, number: int) -> None:
    """Print the NUMBERth policy of CloudFormation's role in ACCOUNT."""
    found = {one.account: one for one in accounts(load_config(root).stages)}
    if account not in found:
        raise click.ClickException(f"nothing is deployed to {account}; known: {', '.join(found)}")
    documents = _policies(found[account])
    if number > len(documents):
        raise click.ClickException(f"{account} has {len(documents)} policies, no number {number}")
    click.echo(json.dumps(documents[number - 1], indent=1))


def commands(account: Account, stages: StagesSpec) -> list[str]:
    """One policy after the other, and the `cdk bootstrap` that lets CloudFormation use them alone.

    Stages trust the delivery account, which trusts nobody. A policy that exists is not replaced:
    after a new resource type, make a new version of it with `aws iam create-policy-version`.
    """
    numbers = range(1, len(_policies(account)) + 1)
    created = [_create_policy(account, number) for number in numbers]
    return [*created, _bootstrap(account, stages, len(created))]


def _create_policy(account: Account, number: int) -> str:
    return (
        f"aws iam create-policy --policy-name {policy_name(account.project, number)} "
        f'--policy-document "$(mlops bootstrap-policy {account.account} {number})"'
        f"  # in {account.account}"
    )


def _bootstrap(account: Account, stages: StagesSpec, count: int) -> str:
    arns = ",".join(
        f"arn:aws:iam::{account.account}:policy/{policy_name(account.project, number)}"
        for number in range(1, count + 1)
    )
    delivery = stages.delivery.account
    trust = "" if account.account == delivery else f" --trust {delivery}"
    return (
        f"npx cdk bootstrap aws://{account.account}/{account.region}{trust} "
        f"--cloudformation-execution-policies {arns}"
    )


def _in_order(found: list[Account], stages: StagesSpec) -> list[Account]:
    """The delivery account, then the stages' in the order of promotion."""
    order = [stages.delivery.account, *(stage.account for stage in stages.stages)]
    return sorted(found, key=lambda account: order.index(account.account))


def _policies(account: Account) -> list[dict[str, object]]:
    try:
        return policies(account)
    except UnknownTypeError as error:
        raise click.ClickException(str(error)) from error
