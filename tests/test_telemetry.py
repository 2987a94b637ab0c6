"""What the hub says of itself, as CloudWatch reads it."""

import json

from chalicelib import telemetry


def said(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_count_is_a_metric_of_its_channel_or_target_alone(capsys):
    telemetry.count("rejected", channel="whatsapp", reason="signature_mismatch")
    telemetry.count("parked", 3, target="crm", reason="http_422")
    rejected, parked = said(capsys)
    assert rejected["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Switchboard"
    assert dimensions(rejected) == {"channel"}
    assert (rejected["rejected"], rejected["channel"], rejected["reason"]) == (
        [1.0],
        "whatsapp",
        "signature_mismatch",
    )
    assert dimensions(parked) == {"target"}
    assert parked["parked"] == [3.0]


def test_the_stage_is_a_dimension_where_it_is_known(capsys, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "switchboard-production")
    telemetry.count("received", channel="twilio")
    [line] = said(capsys)
    assert dimensions(line) == {"channel", "service"}
    assert line["service"] == "switchboard-production"


def test_counts_do_not_leak_into_one_another(capsys):
    telemetry.count("received", channel="twilio")
    telemetry.count("refused", reason="unknown_channel")
    _, refused = said(capsys)
    assert "channel" not in refused
    assert "received" not in refused


def dimensions(line):
    [metric] = line["_aws"]["CloudWatchMetrics"]
    return {name for group in metric["Dimensions"] for name in group}
