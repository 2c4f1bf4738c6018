"""What a client application needs to know, where it can look it up."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from mlops_constructs.release import Release


class ClientAccess(Construct):
    """A policy that lets its holder call the endpoint, and three parameters to find things by.

    Nobody may call the endpoint by default; attach the policy to those who may.
    """

    def __init__(
        self, scope: Construct, id_: str, *, release: Release, contract: s3_assets.Asset
    ) -> None:
        super().__init__(scope, id_)
        self._release = release
        self._contract = contract
        self.policy = iam.CfnManagedPolicy(
            self,
            "Invoke",
            # Named, so that the checks' role can hold this very policy in another stack.
            managed_policy_name=self._policy_name(),
            description=f"Call the endpoint {release.endpoint_name} and read its parameters",
            policy_document={
                "Version": "2012-10-17",
                "Statement": [self._invoke(), self._look_up(), self._read_the_schema()],
            },
        )
        self._parameter("EndpointName", "endpoint-name", release.endpoint_name)
        self._parameter("InvokePolicyArn", "invoke-policy-arn", self.policy.ref)
        self._parameter("SchemaLocation", "schema-location", contract.s3_object_url)

    def _policy_name(self) -> str:
        site = self._release.site
        return site.names.invoke_policy(site.stage, self._release.model.name).rpartition("/")[2]

    def _parameter(self, id_: str, name: str, value: str) -> None:
        ssm.CfnParameter(
            self, id_, name=self._name(name), type="String", value=value,
            description=f"{name} of {self._release.endpoint_name}",
        )  # fmt: skip

    def _name(self, name: str) -> str:
        return self._release.site.parameter(self._release.model.name, name)

    def _invoke(self) -> dict[str, object]:
        return {
            "Sid": "Invoke",
            "Effect": "Allow",
            "Action": ["sagemaker:InvokeEndpoint"],
            "Resource": [self._release.endpoint_arn],
        }

    def _look_up(self) -> dict[str, object]:
        names = ("endpoint-name", "schema-location")
        return {
            "Sid": "LookUp",
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:GetParameters"],
            "Resource": [
                self._release.site.arn("ssm", f"parameter{self._name(name)}") for name in names
            ],
        }

    def _read_the_schema(self) -> dict[str, object]:
        contract = self._contract
        return {
            "Sid": "ReadTheSchema",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [contract.bucket.arn_for_objects(contract.s3_object_key)],
        }
