"""Dollars per million events, from counted calls and units and the dated prices.

What is not counted but assumed stands in `ASSUMED`, and is said beside the result.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import prices
from benchmarks.counts import Counted, Counts
from infra.names import FUNCTIONS, chalice_config

ASSUMED = {
    "aws_milliseconds": 8.0,
    "crm_milliseconds": 150.0,
    "platform_log_bytes": 350.0,
    "full_vcpu_megabytes": 1769.0,
    "config_reads_per_hour": 60.0,
    "days_kept": 400.0,
}
"""Waiting time of an AWS call and of a CRM's answer; what Lambda logs by itself per invocation; the memory
at which a function has one whole processor (with less, its CPU time stretches by as much)."""

_MILLION = 1e6
_GB = 1024**3
_MINUTES = 30 * 24 * 60.0

# A mapping on a queue keeps five long polls of 20 seconds open, on an idle queue too.
_IDLE_POLLS_PER_MINUTE = 5 * 3


def memory(function: str) -> float:
    """GB of memory a function has."""
    settings = chalice_config()["lambda_functions"]
    name = "api_handler" if FUNCTIONS[function] == "APIHandler" else function
    return float(settings[name]["lambda_memory_size"]) / 1024


def gb_seconds(counts: Counts, *, waiting: bool) -> float:
    """Per event: the CPU alone, which is the least it can be; or with the waiting that is assumed."""
    total = 0.0
    for function, cpu in counts.cpu.items():
        share = min(1.0, memory(function) * 1024 / ASSUMED["full_vcpu_megabytes"])
        seconds = cpu / share
        if waiting:
            seconds += sum(counts.calls.get(function, {}).values()) * ASSUMED["aws_milliseconds"] / 1000
            seconds += counts.crm_calls * ASSUMED["crm_milliseconds"] / 1000 if function == "deliver" else 0
        total += seconds * memory(function)
    return total


def per_million(counts: Counts, region: str) -> dict[str, float]:
    """Dollars for a million events, by what they are paid for."""
    invocations = sum(counts.invocations.values())
    logged = sum(counts.log_bytes.values()) + invocations * ASSUMED["platform_log_bytes"]
    return {
        "API Gateway requests": counts.api_requests * prices.REST_REQUEST.of(region),
        "Lambda requests": invocations * prices.LAMBDA_REQUEST.of(region),
        "Lambda time": gb_seconds(counts, waiting=True) * prices.LAMBDA_GB_SECOND.of(region),
        "SQS requests": counts.sqs_requests * prices.SQS_REQUEST.of(region),
        "DynamoDB writes": counts.write_units * prices.WRITE_UNIT.of(region),
        "DynamoDB index writes": counts.index_units * prices.WRITE_UNIT.of(region),
        "DynamoDB reads": counts.read_units * prices.READ_UNIT.of(region),
        "CloudWatch logs": logged * _MILLION / _GB * prices.LOG_GB.of(region),
        "data to the CRM": counts.sent_bytes * _MILLION / _GB * prices.OUT_GB.of(region),
    }


def kept(counts: Counts, region: str) -> float:
    """Dollars a month for keeping the rows of a million events."""
    return counts.row_bytes * _MILLION / _GB * prices.STORED_GB.of(region)


def a_month(counted: Counted, region: str, *, queues: int, alarms: int, metrics: int) -> Mapping[str, float]:
    """Dollars a month without a single event."""
    share = min(1.0, memory("tick") * 1024 / ASSUMED["full_vcpu_megabytes"])
    calls = sum(counted.tick_calls.values())
    tick_seconds = counted.tick_cpu / share + calls * ASSUMED["aws_milliseconds"] / 1000
    polls = queues * _IDLE_POLLS_PER_MINUTE * _MINUTES
    return {
        "the clock": _MINUTES
        / _MILLION
        * (
            prices.LAMBDA_REQUEST.of(region)
            + tick_seconds * memory("tick") * prices.LAMBDA_GB_SECOND.of(region)
            + counted.tick_read_units * prices.READ_UNIT.of(region)
        ),
        "polling of idle queues": polls / _MILLION * prices.SQS_REQUEST.of(region),
        "alarms": alarms * prices.ALARM.of(region),
        "metrics": metrics * prices.METRIC.of(region),
    }
