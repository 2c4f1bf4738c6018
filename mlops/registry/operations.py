"""What SageMaker's registry operations do, on a folder.

Each method takes a request as botocore sends it and returns the answer's JSON.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops.registry.errors import BrokenRecordError
from mlops.registry.store import Record, Store

Request = Mapping[str, Any]

PENDING: Final = "PendingManualApproval"
TRANSITIONS: Final = frozenset(
    {
        (PENDING, "Approved"),
        (PENDING, "Rejected"),
        ("Rejected", "Approved"),
        ("Approved", "Rejected"),
    }
)
"""Changes of an approval that SageMaker's developer guide documents, with what follows from each
("Update the Approval Status of a Model", model-registry-approve). The API's model names no other
refusal; a way back to pending is documented nowhere, so nothing here may depend on one.
"""
MOST_METADATA: Final = 50
"""Entries of CustomerMetadataProperties, which UpdateModelPackage merges with those that are there
(CustomerMetadataMap in the API's model).
"""
_CREATOR: Final = {"UserProfileName": "local"}
_PAGE: Final = 10
_SUMMARY: Final = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
)
_GROUP_SUMMARY: Final = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)
_UPDATABLE: Final = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


_MERGED: Final = (
    "ModelPackageArn",
    "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove",
    "ClientToken",
)


class OperationError(Exception):
    """A refusal with the error code that SageMaker would answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Operations:
    """The registry of one account and region, kept in a folder."""

    store: Store
    account: str
    region: str
    clock: Callable[[], float] = time.time

    def __getitem__(self, operation: str) -> Callable[[Request], Record]:
        """The method of an operation of the API.

        Raises:
            OperationError: the local registry does not have it.
        """
        methods = self.methods
        if operation not in methods:
            raise OperationError(
                "UnknownOperationException", f"the local registry does not answer {operation}"
            )
        return methods[operation]

    @property
    def methods(self) -> dict[str, Callable[[Request], Record]]:
        """Every operation that the local registry answers, by its name in the API."""
        return {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "ListModelPackageGroups": self._list_groups,
            "CreateModelPackage": self._create_version,
            "DescribeModelPackage": self._describe_version,
            "ListModelPackages": self._list_versions,
            "UpdateModelPackage": self._update_version,
        }

    def _create_group(self, request: Request) -> Record:
        name = request["ModelPackageGroupName"]
        arn = self._arn(f"model-package-group/{name}")
        with self.store.locked():
            if self._has_group(name):
                raise _invalid(f"Model Package Group already exists: {arn}")
            stamp = {"CreationTime": self.clock(), "CreatedBy": _CREATOR}
            state = {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"}
            self.store.put_group(name, {**request, **state, **stamp})
        return {"ModelPackageGroupArn": arn}

    def _has_group(self, name: str) -> bool:
        """Whether a group stands there; one whose file was broken is created again."""
        try:
            return self.store.group(name) is not None
        except BrokenRecordError:
            return False

    def _describe_group(self, request: Request) -> Record:
        return self._group(_group_name(request["ModelPackageGroupName"]))

    def _list_groups(self, request: Request) -> Record:
        wanted = [
            _part(group, _GROUP_SUMMARY)
            for group in self.store.groups()
            if _is_wanted(group, request, name=group["ModelPackageGroupName"])
        ]
        ordered = _ordered(wanted, request, name_key="ModelPackageGroupName")
        return _page(ordered, request, "ModelPackageGroupSummaryList")

    def _create_version(self, request: Request) -> Record:
        if "ModelPackageGroupName" not in request:
            raise _invalid("the local registry keeps versions of a ModelPackageGroupName only")
        name = _group_name(request["ModelPackageGroupName"])
        with self.store.locked():
            self._group(name)
            versions = self.store.versions(name)
            repeated = _with_token(versions, request.get("ClientToken"))
            if repeated:
                return {"ModelPackageArn": repeated["ModelPackageArn"]}
            number = 1 + self.store.last_number(name)
            record = self._new_version(request, name, number)
            self.store.put_version(name, number, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def _new_version(self, request: Request, group: str, number: int) -> Record:
        return {
            "ModelApprovalStatus": PENDING,
            **request,
            "ModelPackageGroupName": group,
            "ModelPackageVersion": number,
            "ModelPackageArn": self._arn(f"model-package/{group}/{number}"),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "CreationTime": self.clock(),
            "CreatedBy": _CREATOR,
        }

    def _describe_version(self, request: Request) -> Record:
        return self._version(request["ModelPackageName"])

    def _list_versions(self, request: Request) -> Record:
        versions = [
            _part(version, _SUMMARY)
            for group in self._listed_groups(request)
            for version in self.store.versions(group)
            if _is_wanted(version, request, name=version["ModelPackageArn"].rpartition("/")[0])
            and request.get("ModelApprovalStatus") in (None, version["ModelApprovalStatus"])
        ]
        ordered = _ordered(versions, request, name_key="ModelPackageArn")
        return _page(ordered, request, "ModelPackageSummaryList")

    def _listed_groups(self, request: Request) -> list[str]:
        if "ModelPackageGroupName" in request:
            name = _group_name(request["ModelPackageGroupName"])
            self._group(name)
            return [name]
        # AWS lists packages outside of any group by default, and there are none here.
        if request.get("ModelPackageType", "Unversioned") == "Unversioned":
            return []
        return [group["ModelPackageGroupName"] for group in self.store.groups()]

    def _update_version(self, request: Request) -> Record:
        with self.store.locked():
            record = self._version(request["ModelPackageArn"])
            _refuse_unknown_changes(request, record)
            metadata = {
                **record.get("CustomerMetadataProperties", {}),
                **request.get("CustomerMetadataProperties", {}),
            }
            for key in request.get("CustomerMetadataPropertiesToRemove", ()):
                metadata.pop(key, None)
            if len(metadata) > MOST_METADATA:
                raise _invalid(
                    f"CustomerMetadataProperties: {len(metadata)} entries; at most {MOST_METADATA}"
                )
            changed = {
                **record,
                **_part(request, _UPDATABLE),
                "CustomerMetadataProperties": metadata,
                "LastModifiedTime": self.clock(),
                "LastModifiedBy": _CREATOR,
            }
            group, number = record["ModelPackageGroupName"], record["ModelPackageVersion"]
            self.store.put_version(group, number, changed)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def _group(self, name: str) -> Record:
        record = self.store.group(name)
        if record is None:
            arn = self._arn(f"model-package-group/{name}")
            raise _invalid(f"ModelPackageGroup {arn} does not exist.")
        return record

    def _version(self, reference: str) -> Record:
        """A version by its ARN or by `group/number`."""
        found = re.fullmatch(
            r"(?:arn:[^/]+:model-package/)?([A-Za-z0-9-]+)/([0-9]{1,9})", reference
        )
        record = self.store.version(found[1], int(found[2])) if found else None
        if record is None or (reference.startswith("arn:") and not self._owns(record, reference)):
            raise _invalid(f"ModelPackage {reference} does not exist.")
        return record

    @staticmethod
    def _owns(record: Record, arn: str) -> bool:
        return bool(record["ModelPackageArn"] == arn)

    def _arn(self, resource: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{resource}"


def _refuse_unknown_changes(request: Request, record: Record) -> None:
    """Refuse what the local registry would not keep, and what no documentation promises."""
    for key in sorted(request.keys() - {*_UPDATABLE, *_MERGED}):
        raise _invalid(f"the local registry does not keep {key} of UpdateModelPackage")
    before = record["ModelApprovalStatus"]
    after = request.get("ModelApprovalStatus", before)
    if before != after and (before, after) not in TRANSITIONS:
        raise _invalid(
            f"{record['ModelPackageArn']}: ModelApprovalStatus cannot go from {before} to {after}: "
            "SageMaker documents no such change"
        )


def _invalid(message: str) -> OperationError:
    # The registry's describe calls declare no other error: a missing thing is a validation error.
    return OperationError("ValidationException", message)


def _group_name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _part(record: Request, keys: tuple[str, ...]) -> Record:
    return {key: record[key] for key in keys if key in record}


def _with_token(versions: list[Record], token: str | None) -> Record | None:
    same = (version for version in versions if token and version.get("ClientToken") == token)
    return next(same, None)


def _is_wanted(record: Record, request: Request, *, name: str) -> bool:
    created = record["CreationTime"]
    return (
        request.get("NameContains", "").lower() in name.rpartition("/")[2].lower()
        and created > request.get("CreationTimeAfter", float("-inf"))
        and created < request.get("CreationTimeBefore", float("inf"))
    )


def _ordered(records: list[Record], request: Request, *, name_key: str) -> list[Record]:
    def key(record: Record) -> tuple[Any, ...]:
        time_first = request.get("SortBy", "CreationTime") == "CreationTime"
        moment = record["CreationTime"] if time_first else 0
        number = record.get("ModelPackageVersion", 0)
        return moment, record[name_key].rpartition("/")[0], record[name_key] * (not number), number

    return sorted(records, key=key, reverse=request.get("SortOrder") == "Descending")


def _page(records: list[Record], request: Request, key: str) -> Record:
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise _invalid(f"Invalid pagination token: {token}")
    start, size = int(token), request.get("MaxResults", _PAGE)
    rest = {"NextToken": str(start + size)} if start + size < len(records) else {}
    return {key: records[start : start + size], **rest}
