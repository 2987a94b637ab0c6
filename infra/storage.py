"""The one table and the one bucket of a stage."""

from infra.names import Resource, Resources, attribute

DISPOSABLE = {"local"}
"""Stages whose data is deleted with their stack; in all others it outlives the stack."""

KEYS = {"pk": "HASH", "sk": "RANGE"}
INDEXES = {
    "timeline": {"customer": "HASH", "at": "RANGE"},
    "due": {"due_shard": "HASH", "due_at": "RANGE"},
    "worklist": {"work_queue": "HASH", "work_at": "RANGE"},
}

FORGOTTEN = ("oversize", "quarantine", "undelivered")
"""What lies under these prefixes of the bucket is deleted after a while; a copy of configuration is not."""

_KEPT_DAYS = 30


def _key_schema(keys: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": role} for name, role in keys.items()]


def table_definition() -> Resource:
    """Keys, indexes and billing of the table, in the form that `CreateTable` and CloudFormation share."""
    attributes = [*KEYS, *(name for keys in INDEXES.values() for name in keys)]
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        "KeySchema": _key_schema(KEYS),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": name,
                "KeySchema": _key_schema(keys),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name, keys in INDEXES.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def lasting(stage: str) -> bool:
    """Whether data must outlive the stack."""
    return stage not in DISPOSABLE


def storage(stage: str) -> Resources:
    """Table, bucket and the bucket's policy."""
    fate = "Retain" if lasting(stage) else "Delete"
    return {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": fate,
            "UpdateReplacePolicy": fate,
            "Properties": {
                **table_definition(),
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "SSESpecification": {"SSEEnabled": True},
                "DeletionProtectionEnabled": lasting(stage),
            },
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": fate,
            "UpdateReplacePolicy": fate,
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                    ]
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": f"forget-{prefix}",
                            "Status": "Enabled",
                            "Prefix": f"{prefix}/",
                            "ExpirationInDays": _KEPT_DAYS,
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                        for prefix in FORGOTTEN
                    ]
                },
            },
        },
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "OnlyOverTls",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [attribute("Bucket"), {"Fn::Sub": "${Bucket.Arn}/*"}],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        },
    }
