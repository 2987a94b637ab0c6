"""Puts a packaged stage into CloudFormation, AWS's or the local one, and reads where its parts are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from ops.deploy.package import Package

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_MINUTES = 30


class NotDeployed(RuntimeError):
    """CloudFormation did not take the stage; its text says which resource and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where the parts of a deployed stage are.

    hub_url: has no slash at its end; platforms post to `<hub_url>/webhooks/…`.
    target_queues: queue URLs by target.
    dead_queues: the same for dead-letter queues, `events` among them.
    """

    stage: str
    hub_url: str
    rest_api: str
    table: str
    bucket: str
    events_queue: str
    target_queues: Mapping[str, str]
    dead_queues: Mapping[str, str]


def stack_name(stage: str) -> str:
    """The name of the stage's stack."""
    return f"switchboard-{stage}"


def deploy(
    package: Package,
    *,
    cloudformation: Any,  # noqa: ANN401 - boto3 makes its clients' types at run time
    s3: Any,  # noqa: ANN401
    code_bucket: str,
    parameters: Mapping[str, str] | None = None,
    poll: float = 5,
) -> Outputs:
    """Create the stage's stack, or change the existing one; return when it is done."""
    name = stack_name(package.stage)
    there = _parameters(cloudformation, name)
    request = {
        "StackName": name,
        "TemplateURL": _upload(s3, code_bucket, package),
        "Capabilities": _CAPABILITIES,
        "Parameters": _chosen(parameters or {}, there or ()),
    }
    action = "create" if there is None else "update"
    try:
        getattr(cloudformation, f"{action}_stack")(**request)
        waiter = cloudformation.get_waiter(f"stack_{action}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": poll, "MaxAttempts": int(_MINUTES * 60 / poll)})
    except WaiterError as error:
        raise NotDeployed(f"{name}: {_first_failure(cloudformation, name)}") from error
    except ClientError as error:
        said = error.response["Error"]["Message"]
        if "No updates are to be performed" not in said:
            raise NotDeployed(f"{name}: {said}") from error
    return outputs(cloudformation, package.stage)


def outputs(cloudformation: Any, stage: str) -> Outputs:  # noqa: ANN401
    """Where the parts of a deployed stage are."""
    stack = cloudformation.describe_stacks(StackName=stack_name(stage))["Stacks"][0]
    values = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Outputs(
        stage=stage,
        hub_url=values["EndpointURL"].rstrip("/"),
        rest_api=values["RestAPIId"],
        table=values["TableName"],
        bucket=values["BucketName"],
        events_queue=values["EventsQueueUrl"],
        target_queues=json.loads(values["TargetQueueUrls"]),
        dead_queues=json.loads(values["DeadQueueUrls"]),
    )


def _upload(s3: Any, bucket: str, package: Package) -> str:  # noqa: ANN401
    """Put zip and template where CloudFormation can read them, under the hash of their content."""
    code = package.zip.read_bytes()
    code_key = f"{package.stage}/{hashlib.sha256(code).hexdigest()}.zip"
    template = json.loads(package.template.read_text())
    for resource in template["Resources"].values():
        if resource.get("Properties", {}).get("CodeUri") == package.zip.name:
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{code_key}"
    body = json.dumps(template, separators=(",", ":")).encode()
    template_key = f"{package.stage}/{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=code_key, Body=code)
    s3.put_object(Bucket=bucket, Key=template_key, Body=body)
    return f"{s3.meta.endpoint_url}/{bucket}/{template_key}"


def _parameters(cloudformation: Any, name: str) -> list[str] | None:  # noqa: ANN401
    """The names of the stack's parameters; None when there is no such stack."""
    try:
        found = cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return [parameter["ParameterKey"] for parameter in found["Stacks"][0].get("Parameters", [])]


def _chosen(given: Mapping[str, str], there: Iterable[str]) -> list[dict[str, Any]]:
    """The given parameters, else what the stack has: an update must not forget the alarms' address."""
    chosen: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
    ]
    kept = [key for key in there if key not in given]
    return chosen + [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]


def _first_failure(cloudformation: Any, name: str) -> str:  # noqa: ANN401
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "it neither succeeded nor failed in time"
    first = failed[0]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
