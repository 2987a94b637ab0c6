"""Packages a stage and deploys it to AWS, with the credentials and region of whoever calls it.

make deploy STAGE=production ALARM_EMAIL=ops@example.org RATE=200 BURST=100 WAF_RATE=6000
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import boto3
import typer

from infra.names import Unnameable
from ops.command_line import run
from ops.deploy.bundle import Failed
from ops.deploy.package import lint, package, stage_targets
from ops.deploy.stack import NotDeployed, Outputs, deploy, stack_name
from ops.environments import BUILD
from ops.hub.exits import Stop, explained


def main(
    *,
    stage: Annotated[str, typer.Option(metavar="STAGE", help="A folder of infra/stages.")],
    alarm_email: Annotated[
        str,
        typer.Option(
            metavar="EMAIL", help="Where alarms are sent. Left out, it stays what it was.", show_default=False
        ),
    ] = "",
    rate: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=10000, help="Requests a second that each channel may post."),
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=5000, help="Requests at once that each channel may post."),
    ] = None,
    waf_rate: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Requests a minute that one address may post, from 10 on: WAF refuses more. 0: no WAF.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Package a stage and deploy it to AWS. A choice that is left out stays what it was."""
    chosen = {
        "AlarmEmail": alarm_email,
        "RequestRate": str(rate or ""),
        "RequestBurst": str(burst or ""),
        "WafRate": waf_rate,
    }
    try:
        with explained():
            deployed = to_aws(stage, {name: value for name, value in chosen.items() if value})
    except (Failed, Unnameable, NotDeployed) as failure:
        sys.exit(str(failure))
    except Stop as stop:
        sys.exit(stop.line)
    print(f"{deployed.stage} is deployed; platforms post to {deployed.hub_url}/webhooks/…")
    if alarm_email:
        print(f"alarms go to {alarm_email} once somebody follows the link in the e-mail that AWS sends there")
    print(f"next, push its configuration: ./hub push --stage {deployed.stage}")


def to_aws(stage: str, chosen: Mapping[str, str]) -> Outputs:
    """Package and deploy, with these parameters of the template.

    It asks for credentials first, so that nobody waits for packaging in vain.
    """
    session = boto3.Session()
    account = session.client("sts").get_caller_identity()["Account"]
    made = package(stage, stage_targets(stage), out=BUILD / stage)
    lint(made.template)
    s3 = session.client("s3")
    bucket = f"switchboard-code-{account}-{session.region_name}"
    _ensure_bucket(s3, bucket, session.region_name)
    print(f"deploying {stack_name(stage)} to account {account}, {session.region_name}")
    return deploy(
        made,
        cloudformation=session.client("cloudformation"),
        s3=s3,
        code_bucket=bucket,
        parameters=chosen,
    )


def _ensure_bucket(s3: Any, bucket: str, region: str) -> None:  # noqa: ANN401 - boto3's run-time types
    """Make the private bucket that code is deployed from, unless it is there."""
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **where)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.head_bucket(Bucket=bucket)
        return
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


if __name__ == "__main__":
    run("make deploy", main)
