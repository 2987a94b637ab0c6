"""What AWS charges, in US dollars, by region and date.

List prices of the first tier, without free tiers, taxes, savings plans or support. `confirmed` names what
the figure was compared with on `AS_OF`; where it says "unconfirmed" the figure is from memory of the page
named, which could not be opened, and must be looked at before anybody decides by it.
"""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-11-25"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price in two regions."""

    what: str
    us_east_1: float
    eu_central_1: float
    page: str
    confirmed: str

    def of(self, region: str) -> float:
        """The price in that region."""
        return {"us-east-1": self.us_east_1, "eu-central-1": self.eu_central_1}[region]


REGIONS = ("us-east-1", "eu-central-1")

_SECOND_HAND = "us-east-1: articles of 2025 and 2026; eu-central-1: unconfirmed"

REST_REQUEST = Price(
    what="REST API request, per million",
    us_east_1=3.50,
    eu_central_1=3.70,
    page="https://aws.amazon.com/api-gateway/pricing/",
    confirmed="us-east-1: AWS whitepaper on private APIs, cost optimization; eu-central-1: unconfirmed",
)
LAMBDA_REQUEST = Price(
    what="Lambda request, per million",
    us_east_1=0.20,
    eu_central_1=0.20,
    page="https://aws.amazon.com/lambda/pricing/",
    confirmed=_SECOND_HAND,
)
LAMBDA_GB_SECOND = Price(
    what="Lambda on arm64, per million GB-seconds",
    us_east_1=13.3334,
    eu_central_1=13.3334,
    page="https://aws.amazon.com/lambda/pricing/",
    confirmed=_SECOND_HAND,
)
SQS_REQUEST = Price(
    what="SQS FIFO request, per million; one per 64 KB",
    us_east_1=0.50,
    eu_central_1=0.50,
    page="https://aws.amazon.com/sqs/pricing/",
    confirmed=_SECOND_HAND,
)
WRITE_UNIT = Price(
    what="DynamoDB on-demand write request unit, per million",
    us_east_1=0.625,
    eu_central_1=0.7625,
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    confirmed=_SECOND_HAND,
)
READ_UNIT = Price(
    what="DynamoDB on-demand read request unit, per million",
    us_east_1=0.125,
    eu_central_1=0.1525,
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    confirmed=_SECOND_HAND,
)
LOG_GB = Price(
    what="CloudWatch Logs ingested, per GB",
    us_east_1=0.50,
    eu_central_1=0.63,
    page="https://aws.amazon.com/cloudwatch/pricing/",
    confirmed=_SECOND_HAND,
)
OUT_GB = Price(
    what="data sent to the internet, per GB",
    us_east_1=0.09,
    eu_central_1=0.09,
    page="https://aws.amazon.com/ec2/pricing/on-demand/",
    confirmed="us-east-1: an article of 2025; eu-central-1: unconfirmed",
)
STORED_GB = Price(
    what="DynamoDB storage with point-in-time recovery, per GB and month",
    us_east_1=0.25 + 0.20,
    eu_central_1=0.306 + 0.244,
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    confirmed="unconfirmed",
)
METRIC = Price(
    what="CloudWatch custom metric, per month",
    us_east_1=0.30,
    eu_central_1=0.30,
    page="https://aws.amazon.com/cloudwatch/pricing/",
    confirmed="unconfirmed",
)
ALARM = Price(
    what="CloudWatch alarm, per month",
    us_east_1=0.10,
    eu_central_1=0.10,
    page="https://aws.amazon.com/cloudwatch/pricing/",
    confirmed="unconfirmed",
)

ALL = (
    *(REST_REQUEST, LAMBDA_REQUEST, LAMBDA_GB_SECOND, SQS_REQUEST, WRITE_UNIT, READ_UNIT),
    *(LOG_GB, OUT_GB, STORED_GB, METRIC, ALARM),
)
