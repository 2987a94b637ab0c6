"""The front door: Chalice's REST API, its second function, and what keeps a flood from the containers.

Each channel has a route of its own, and API Gateway throttles by route. What platforms post that never send
again goes to a function of its own, whose containers no other route can take.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chalicelib.channels import CHANNELS
from infra.names import FUNCTIONS, HERE, Resources, attribute, chalice_config, named

UNREPEATED_AT_ONCE = 50
"""Containers reserved for platforms that never send again."""

_METHODS = ("GET", "POST")
_ELSEWHERE_RATE, _ELSEWHERE_BURST = 10, 20
"""Requests a second, and at once, to channels that we do not have: each answer is a 404."""

_TURNED_AWAY = {
    # Not 429, because there are platforms that send again after a 5xx only.
    "statusCode": 503,
    "responseParameters": {"gatewayresponse.header.Retry-After": "'5'"},
    "responseTemplates": {"application/json": ""},
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "RequestRate": {
        "Type": "Number",
        "Default": 200,
        "MinValue": 1,
        "MaxValue": 10000,
        "Description": "Requests a second that each channel's route lets through; more are answered 503.",
    },
    "RequestBurst": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 1,
        "MaxValue": 5000,
        "Description": "Requests at once that each channel's route lets through.",
    },
    "WafRate": {
        "Type": "String",
        "Default": "0",
        "AllowedPattern": "0|[1-9][0-9]{1,8}",
        "Description": "Requests a minute from one address beyond which WAF answers 503; 0 for no WAF.",
    },
}
"""What an operator chooses at a deployment; a later one that names none of it keeps it."""

CONDITIONS: dict[str, Any] = {"HasWaf": {"Fn::Not": [{"Fn::Equals": [{"Ref": "WafRate"}, "0"]}]}}


def route(channel: str) -> str:
    """The path of a channel's own route, as the app declares it."""
    return f"/webhooks/{channel}/{{account}}"


def front_door() -> Resources:
    """Additions to Chalice's REST API, with the right to call the second function and the WAF."""
    return {
        "RestAPI": {
            "Properties": {
                # Without a version SAM deploys a second API stage that is called "Stage".
                "OpenApiVersion": "2.0",
                "DefinitionBody": {
                    "info": {"title": named("webhooks")},
                    # Every content type is binary, so that we verify the very bytes that a platform signed.
                    "x-amazon-apigateway-binary-media-types": ["*/*"],
                    "x-amazon-apigateway-gateway-responses": {"THROTTLED": _TURNED_AWAY},
                    "paths": {route(name): _to_the_second() for name in _unrepeated()},
                },
                "MethodSettings": _throttles(),
            }
        },
        "ApiMayCallUnrepeated": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": FUNCTIONS["unrepeated"]},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:execute-api:"
                    "${AWS::Region}:${AWS::AccountId}:${RestAPI}/*"
                },
            },
        },
        "UnrepeatedRole": _role(),
        **_waf(),
    }


def second_door() -> dict[str, Any]:
    """Properties of the second function: Chalice's handler and settings, for Chalice packages one only."""
    settings = chalice_config()["lambda_functions"]["api_handler"]
    return {
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Handler": "app.app",
        "Architectures": [chalice_config()["lambda_architecture"]],
        "Timeout": settings["lambda_timeout"],
        "MemorySize": settings["lambda_memory_size"],
        "ReservedConcurrentExecutions": UNREPEATED_AT_ONCE,
        "Role": attribute("UnrepeatedRole"),
        # Packaging writes where the zip is into every function.
        "CodeUri": "",
    }


def _unrepeated() -> list[str]:
    return [name for name, channel in CHANNELS.items() if not channel.resends]


def _to_the_second() -> dict[str, Any]:
    """Chalice's integration of a route, with the other function in it."""
    function = f"${{{FUNCTIONS['unrepeated']}.Arn}}"
    uri = (
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"{function}/invocations"
    )
    return {
        method.lower(): {"x-amazon-apigateway-integration": {"uri": {"Fn::Sub": uri}}} for method in _METHODS
    }


def _throttles() -> list[dict[str, Any]]:
    """How many requests each route lets through."""
    return [
        {
            "ResourcePath": "/*",
            "HttpMethod": "*",
            "ThrottlingRateLimit": _ELSEWHERE_RATE,
            "ThrottlingBurstLimit": _ELSEWHERE_BURST,
        },
        *(
            {
                # CloudFormation takes the slashes of a path as `~1`, and one more before it.
                "ResourcePath": "/" + route(name).replace("/", "~1"),
                "HttpMethod": method,
                "ThrottlingRateLimit": {"Ref": "RequestRate"},
                "ThrottlingBurstLimit": {"Ref": "RequestBurst"},
            }
            for name in CHANNELS
            for method in _METHODS
        ),
    ]


def _role() -> dict[str, Any]:
    """A role with the front door's policy, but for the log it writes to."""
    written = (HERE / "policies" / "webhooks.json").read_text()
    policy = json.loads(written.replace("WebhooksLogs", "UnrepeatedLogs"))
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "UnrepeatedRolePolicy", "PolicyDocument": policy}],
        },
    }


def _waf() -> Resources:
    """A web ACL with one rule. It keeps no samples of requests: most of what it sees nobody has verified."""
    seen = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": True,
        "MetricName": named("too-many-from-one-address"),
    }
    rule = {
        "Name": "too-many-from-one-address",
        "Priority": 0,
        "Action": {"Block": {"CustomResponse": {"ResponseCode": _TURNED_AWAY["statusCode"]}}},
        "Statement": {
            "RateBasedStatement": {
                "AggregateKeyType": "IP",
                "EvaluationWindowSec": 60,
                "Limit": {"Ref": "WafRate"},
            }
        },
        "VisibilityConfig": seen,
    }
    return {
        "Waf": {
            "Type": "AWS::WAFv2::WebACL",
            "Condition": "HasWaf",
            "Properties": {
                "Name": named("front-door"),
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": seen | {"MetricName": named("front-door")},
                "Rules": [rule],
            },
        },
        "WafBeforeTheApi": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": "HasWaf",
            "Properties": {
                "WebACLArn": attribute("Waf"),
                "ResourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}::"
                    "/restapis/${RestAPI}/stages/${RestAPI.Stage}"
                },
            },
        },
    }
