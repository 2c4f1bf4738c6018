"""With what the release automation clones and pushes, by the kind of source."""

from typing import Final

from mlops.contract import Source
from mlops_constructs.delivery_site import DeliverySite
from mlops_constructs.permission import Permission

# As the service authorization reference lists them for a connection that git uses.
_GIT: Final = ["GitPull", "GitPush"]
PROPOSALS: Final = "release"
"""Below this, the branches of moves that wait for a review."""


def repository_url(site: DeliverySite, source: Source) -> str | None:
    """The address that the build's own role opens; None where only the secret knows one."""
    if source.connection is None:
        return f"https://git-codecommit.{site.delivery.region}.amazonaws.com/v1/repos/{source.repository}"
    if source.credentials is not None:
        return None
    service, region, account, connection = _parts(source.connection)
    host = f"{service}.{region}.amazonaws.com"
    return f"https://{host}/git-http/{account}/{region}/{connection}/{source.repository}.git"


def push_permission(site: DeliverySite, source: Source) -> Permission:
    """The one permission that lets the build push, in whatever way it does."""
    if source.credentials is not None:
        return Permission(
            sid="ReadTheCredentials",
            actions=["secretsmanager:GetSecretValue"],
            resources=[source.credentials],
        )
    if source.connection is None:
        return Permission(
            sid="PullAndPush",
            actions=["codecommit:GitPull", "codecommit:GitPush"],
            resources=[site.arn("codecommit", source.repository)],
            # A pull, and the opening of a push, name no reference.
            conditions={"StringLikeIfExists": {"codecommit:References": _pushed(site, source)}},
        )
    service, *_ = _parts(source.connection)
    # A connection reaches whatever its host let it into; the keys narrow it to this repository.
    narrowed = {f"{service}:FullRepositoryId": source.repository, f"{service}:ProviderAction": _GIT}
    return Permission(
        sid="PullAndPush",
        actions=[f"{service}:UseConnection"],
        resources=[source.connection],
        conditions={"StringEquals": narrowed},
    )


def _pushed(site: DeliverySite, source: Source) -> list[str]:
    reviewed = any(stage.promotion == "pull-request" for stage in site.names.stages.stages)
    proposals = [f"refs/heads/{PROPOSALS}/*"] if reviewed else []
    return [f"refs/heads/{source.branch}", *proposals]


def _parts(connection: str) -> tuple[str, str, str, str]:
    """Service (it was renamed, and the ARNs of both names live on), region, account and id."""
    _, _, service, region, account, resource = connection.split(":", 5)
    return service, region, account, resource.removeprefix("connection/")
