"""What keeps a flood from the front door's containers, asked of the template that is deployed."""

import copy
import re

import pytest

import app
from chalicelib.channels import CHANNELS
from infra.names import FRONT_DOORS, FUNCTIONS
from tests.infra.test_policies import role_of, statements

pytestmark = pytest.mark.slow

each_channel = pytest.mark.parametrize("channel", CHANNELS)
ANY = "/webhooks/{channel}/{account}"


def integrations(resources, path):
    methods = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"][path]
    return {method: one["x-amazon-apigateway-integration"] for method, one in methods.items()}


def throttles(resources):
    return {
        (one["ResourcePath"], one["HttpMethod"]): (one["ThrottlingRateLimit"], one["ThrottlingBurstLimit"])
        for one in resources["RestAPI"]["Properties"]["MethodSettings"]
    }


def function_of(integration):
    [name] = re.findall(r"functions/\${(\w+)\.Arn}/invocations", integration["uri"]["Fn::Sub"])
    return name


def test_there_is_a_route_for_every_channel_and_one_for_what_is_none(resources):
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert set(paths) == set(app.app.routes) == {ANY, *(f"/webhooks/{name}/{{account}}" for name in CHANNELS)}


@each_channel
def test_what_is_never_sent_again_comes_to_a_function_of_its_own(resources, channel):
    function = "APIHandler" if CHANNELS[channel].resends else "Unrepeated"
    found = integrations(resources, f"/webhooks/{channel}/{{account}}")
    assert {method: function_of(one) for method, one in found.items()} == {"get": function, "post": function}


def test_some_platform_never_sends_again():
    assert {channel.resends for channel in CHANNELS.values()} == {True, False}


def test_the_two_functions_differ_in_what_is_reserved_for_them_alone(resources):
    first, second = (copy.deepcopy(resources[FUNCTIONS[name]]["Properties"]) for name in FRONT_DOORS)
    for own in ("ReservedConcurrentExecutions", "FunctionName", "LoggingConfig", "Role"):
        assert first.pop(own) != second.pop(own)
    # Chalice's own mark.
    assert first.pop("Tags")
    assert first.pop("Tracing") == "PassThrough"
    assert first == second


def test_the_two_functions_have_the_same_rights_but_for_their_logs(resources):
    first, second = (statements(resources, FUNCTIONS[name]) for name in FRONT_DOORS)
    assert first.pop("Log") != second.pop("Log")
    assert first == second
    roles = [resources[role_of(resources, FUNCTIONS[name])]["Properties"] for name in FRONT_DOORS]
    [[trust], [other]] = [role["AssumeRolePolicyDocument"]["Statement"] for role in roles]
    assert other == {key: value for key, value in trust.items() if key != "Sid"}


def test_the_api_may_call_both_functions(resources):
    allowed = {
        one["Properties"]["FunctionName"]["Ref"]
        for one in resources.values()
        if one["Type"] == "AWS::Lambda::Permission"
        and one["Properties"]["Principal"] == "apigateway.amazonaws.com"
    }
    assert allowed == {FUNCTIONS[name] for name in FRONT_DOORS}


@each_channel
def test_a_channel_s_route_is_throttled_by_itself_at_what_the_operator_chooses(resources, channel):
    for method in ("GET", "POST"):
        limits = throttles(resources)[f"/~1webhooks~1{channel}~1{{account}}", method]
        assert limits == ({"Ref": "RequestRate"}, {"Ref": "RequestBurst"})


def test_what_is_no_channel_of_ours_is_let_through_by_a_few(resources, template):
    rate, burst = throttles(resources)["/*", "*"]
    assert (rate, burst) == (10, 20)
    assert len(throttles(resources)) == 1 + 2 * len(CHANNELS)
    assert template["Parameters"]["RequestRate"]["Default"] > rate


def test_one_route_s_burst_cannot_fill_a_function(resources, template):
    burst = template["Parameters"]["RequestBurst"]["Default"]
    assert burst <= resources["APIHandler"]["Properties"]["ReservedConcurrentExecutions"]


def test_who_is_throttled_is_told_to_send_again(resources):
    responses = resources["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert responses["THROTTLED"]["statusCode"] == 503
    assert responses["THROTTLED"]["responseParameters"] == {"gatewayresponse.header.Retry-After": "'5'"}


def test_a_waf_is_there_if_it_is_chosen(resources, template):
    for name in ("Waf", "WafBeforeTheApi"):
        assert resources[name]["Condition"] == "HasWaf"
    assert template["Conditions"]["HasWaf"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WafRate"}, "0"]}]}
    assert template["Parameters"]["WafRate"]["Default"] == "0"
    association = resources["WafBeforeTheApi"]["Properties"]
    assert association["ResourceArn"]["Fn::Sub"].endswith("::/restapis/${RestAPI}/stages/${RestAPI.Stage}")


def test_the_waf_turns_away_who_sends_too_much_and_keeps_nothing_of_it(resources):
    acl = resources["Waf"]["Properties"]
    assert acl["DefaultAction"] == {"Allow": {}}
    [rule] = acl["Rules"]
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP", "EvaluationWindowSec": 60, "Limit": {"Ref": "WafRate"},
    }  # fmt: skip
    assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 503}}}
    for seen in (acl["VisibilityConfig"], rule["VisibilityConfig"]):
        assert seen["SampledRequestsEnabled"] is False


@pytest.mark.parametrize(
    ("rate", "taken"), [("0", True), ("10", True), ("6000", True), ("9", False), ("", False), ("-1", False)]
)
def test_a_rate_that_waf_does_not_take_is_refused_before_anything_is_changed(template, rate, taken):
    assert bool(re.fullmatch(template["Parameters"]["WafRate"]["AllowedPattern"], rate)) == taken


def test_whoever_is_turned_away_for_want_of_containers_calls_a_human(resources):
    for function in FRONT_DOORS:
        alarm = resources[f"{function.capitalize()}Full"]["Properties"]
        assert (alarm["MetricName"], alarm["Threshold"]) == ("Throttles", 0)
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": FUNCTIONS[function]}}]
