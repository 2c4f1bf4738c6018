"""What the platform assumes of AWS and nobody could see without an account.

Each has a probe, or the reason why there is none; docs/operate/acceptance.md shows the same list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mlops.accept.ground import Ground
from mlops.accept.probe import Probe
from mlops.accept.probes import (
    delivery,
    endpoints,
    events,
    functions,
    jobs,
    metrics,
    pipelines,
    policies,
    versions,
)

Builder = Callable[[Ground], Probe]


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that AWS does, as far as we know."""

    id: str
    claim: str
    otherwise: str
    """What is seen where AWS does otherwise, and what to do."""
    probe: Builder | None = None
    unasked: str = ""
    """Why there is no probe."""
    needed: bool = True
    """Whether something of the platform fails where it does not hold."""


ASSUMPTIONS: Final = (
    Assumption(
        id=policies.KEYS,
        claim="IAM knows every action and condition key of our policies",
        otherwise="AccessDenied in the step that the finding's role runs; correct the policy",
        probe=policies.condition_keys,
    ),
    Assumption(
        id=events.PATTERNS,
        claim="EventBridge takes the events that our rules are made for",
        otherwise="a rule that never fires: no release after an approval, no report of a rollback",
        probe=events.patterns,
    ),
    Assumption(
        id=pipelines.DEFINITIONS,
        claim="CreatePipeline takes every synthesized definition",
        otherwise="the stack of the pipeline fails by a ValidationException; the detail says where",
        probe=pipelines.definitions,
    ),
    Assumption(
        id=versions.METADATA,
        claim="CreateModelPackage takes our metadata and metrics, and keeps them",
        otherwise="the step Register fails after all the jobs; shorten or remove what is named",
        probe=versions.metadata,
    ),
    Assumption(
        id=versions.DIGEST,
        claim="A package whose ImageDigest is not the image's is refused",
        otherwise="a digest in a package is a note; only the platform's own checks compare bytes",
        probe=versions.digest,
        needed=False,
    ),
    Assumption(
        id=delivery.MANIFESTS,
        claim="The pushed images have a Docker manifest for one platform",
        otherwise="jobs fail with an unsupported manifest; push with "
        "constructs/mlops_constructs/delivery/push-image.sh",
        probe=delivery.manifests,
    ),
    Assumption(
        id=delivery.CONNECTION,
        claim="The connection to the repository is authorised",
        otherwise="the delivery pipeline's source fails; authorise the connection in the console",
        probe=delivery.connection,
    ),
    Assumption(
        id=jobs.START,
        claim="A job starts from our image, as a user who may write where SageMaker mounts, under "
        "our key and roles",
        otherwise="the first execution ends in Preprocess; the detail has the job's own words",
        probe=jobs.start,
    ),
    Assumption(
        id=metrics.DIMENSIONS,
        claim="SageMaker publishes each metric under exactly the dimensions that our alarms give, "
        "EndpointConfigName above all",
        otherwise="an alarm is blind: the canary sees nothing, and every release is inconclusive",
        probe=metrics.dimensions,
    ),
    Assumption(
        id=functions.IMPORTS,
        claim="The functions' archives can be imported by their runtime",
        otherwise="Runtime.ImportModuleError in the function's log",
        probe=functions.imports,
    ),
    Assumption(
        id=endpoints.SIZE,
        claim="An update gives a fixed fleet the number of instances of its config",
        otherwise="a changed min_instances has no effect; call UpdateEndpointWeightsAndCapacities",
        probe=endpoints.fixed_size,
    ),
    Assumption(
        id=endpoints.CAPTURE,
        claim="An update brings the data capture of its config, although variant properties are "
        "retained and the API does not support leaving capture out of them",
        otherwise="a changed capture has no effect: the drift job sees too little, or none",
        probe=endpoints.capture,
    ),
    Assumption(
        id=endpoints.ARRIVAL,
        claim="SageMaker writes captures below bucket, endpoint and variant, as the guide says",
        otherwise="the drift job finds nothing to read and says so; its alarm goes red",
        probe=endpoints.arrival,
    ),
    Assumption(
        id=endpoints.CALLERS,
        claim="InvocationModelErrors counts the invocations that a container refused with 4xx",
        otherwise="the alarm model-errors subtracts what was never added: as many failures without "
        "an answer can hide behind refusals",
        probe=endpoints.caller_errors,
        needed=False,
    ),
    Assumption(
        id="grants-on-keys",
        claim="SageMaker's request for a grant on the stage's key counts as one for an AWS "
        "resource, or comes through SageMaker",
        otherwise="a job or an endpoint fails before its first log line and names kms:CreateGrant",
        unasked="only a service can make such a grant; `job-start` makes SageMaker do it for a job",
    ),
    Assumption(
        id="decryption-across-accounts",
        claim="S3 decrypts a model for another account's endpoint under the encryption context of "
        "its bucket",
        otherwise="an endpoint of another stage fails with AccessDenied on kms:Decrypt",
        unasked="SageMaker alone can assume a stage's serving role; its first endpoint shows",
    ),
    Assumption(
        id="package-image",
        claim="CreateModelPackage asks ECR for no more than its description and a pull",
        otherwise="the step Register fails and names an action of ECR",
        unasked="the pipeline's role alone has these permissions; its first execution shows",
    ),
    Assumption(
        id="empty-manifest-files",
        claim="A file of one blank line counts as a processing job's input",
        otherwise="the drift job fails before its first log line: no objects were found",
        unasked="it would need a file in the capture bucket; the first quiet window shows",
    ),
    Assumption(
        id="build-python",
        claim="The checks' build has boto3, or a package index to install it from",
        otherwise="`check after` fails in the phase INSTALL of its build",
        unasked="the checks of the first deployment are that build",
    ),
    Assumption(
        id="rollback-cleanup",
        claim="CloudFormation leaves a retained config of a failed update where it is",
        otherwise="an endpoint was rolled back, and no message and no release record say so",
        unasked="it takes a deployment that rolls back",
    ),
    Assumption(
        id="last-access-log",
        claim="S3 delivers access logs even after the bucket that they are about is gone",
        otherwise="none: the bucket of access logs is retained, and its logs expire",
        unasked="it takes a stage that is destroyed, and hours",
        needed=False,
    ),
    Assumption(
        id="current-config-update",
        claim="Nothing here asks for an update to the config in force",
        otherwise="the deployment fails with a ValidationException of UpdateEndpoint",
        unasked="the answer is not needed: whatever travels with an endpoint makes a new config",
        needed=False,
    ),
    Assumption(
        id="share-rounding",
        claim="A share of the fleet is rounded to whole instances, by no documented rule",
        otherwise="the canary gets more or less traffic than its share; Invocations by "
        "EndpointConfigName tells",
        unasked="it takes a deployment; `check after` prints the canary's share of one",
        needed=False,
    ),
    Assumption(
        id="quotas",
        claim="The account's quotas suffice for two fleets and the pipelines' machines",
        otherwise="ResourceLimitExceeded",
        unasked="`mlops check before <stage>` asks it before every deployment",
    ),
    Assumption(
        id="build-network",
        claim="A build in the stage's network reaches the endpoint and AWS's APIs",
        otherwise="`check after` ends in time-outs; give the subnets a way to the named service",
        unasked="the checks of the first deployment are that build",
    ),
    Assumption(
        id="exported-variable",
        claim="CodeBuild hands out an exported variable of a build that failed",
        otherwise="a failed check names no reason in the pipeline; the log's link is printed",
        unasked="it takes a failed check in the pipeline",
        needed=False,
    ),
    Assumption(
        id="delivery-run",
        claim="CodePipeline runs the synthesized pipeline, and the pipeline changes itself",
        otherwise="the execution stops at the action that the console shows in red",
        unasked="a run deploys every stage; the first push is one",
    ),
    Assumption(
        id="images-across-accounts",
        claim="A stage pulls images from the delivery account by repository policy and key",
        otherwise="jobs fail with AccessDenied on ecr or kms; the key's policy names the stages",
        unasked="only a job pulls; `job-start` runs one where the stage trains",
    ),
    Assumption(
        id="image-scan",
        claim="ECR scans a pushed image while the build of the images waits",
        otherwise="the step Images ends without a scan's result; start it again",
        unasked="it takes a push; the first delivery makes one",
    ),
    Assumption(
        id="connection-conditions",
        claim="The condition keys of codeconnections:UseConnection are sent with git's calls",
        otherwise="the automation's push is denied; remove the conditions from its role",
        unasked="only a push sends them, and a probe must not commit to your repository",
    ),
    Assumption(
        id="chat-account",
        claim="The chat service names the account when it assumes its role",
        otherwise="no message arrives in the channel; mail is not affected",
        unasked="the service alone can assume the role; send a test message in its console",
    ),
    Assumption(
        id="deploy-permissions",
        claim="CloudFormation makes no call beyond those that its schemas name",
        otherwise="AccessDenied in a stack's events; add the action to execution_actions.json",
        unasked="only a deployment makes these calls",
    ),
    Assumption(
        id="push-by-automation",
        claim="The release automation's commit reaches the repository through the connection",
        otherwise="the automation's build fails in git push; its role lacks UseConnection",
        unasked="a probe must not commit to your repository; the first approval does",
    ),
)
"""In the order in which a first person with an account meets them."""


def assumption(id_: str) -> Assumption:
    """The assumption of an id.

    Raises:
        KeyError: there is none.
    """
    return {one.id: one for one in ASSUMPTIONS}[id_]
