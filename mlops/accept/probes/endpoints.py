"""What an update leaves of the fleet before it, and what callers' mistakes count as."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlops.accept.call import Answers, Call, Refusal
from mlops.accept.ground import Ground
from mlops.accept.probe import Probe, Verdict, broken, held, idle, still_open

SIZE: Final = "fixed-fleet-size"
CAPTURE: Final = "capture-after-update"
ARRIVAL: Final = "captures-arrive"
CALLERS: Final = "caller-errors"
_METRICS: Final = ("Invocation4XXErrors", "InvocationModelErrors")
_MINUTES: Final = 15
Properties = Mapping[str, Any]


def fixed_size(ground: Ground) -> Probe:
    """Compare the live number of instances with the template's where nothing scales."""
    wanted = {
        name: config["ProductionVariants"][0]["InitialInstanceCount"]
        for name, (endpoint, config) in _endpoints(ground).items()
        if "ExcludeRetainedVariantProperties" in endpoint
    }
    if not wanted:
        return idle(SIZE, "no endpoint of the stage has a fixed fleet")

    def judged(answers: Answers) -> Verdict:
        for name, count in wanted.items():
            found = answers[name]
            if isinstance(found, Refusal):
                return still_open(f"{name}: {found}")
            live = [one.get("CurrentInstanceCount") for one in found.get("ProductionVariants", ())]
            if live != [count]:
                return broken(f"{name} has {live} instances; its config asks for {count}")
        return held(f"{len(wanted)} fixed fleets have the size that their config states")

    return Probe(assumption=SIZE, calls=_descriptions(list(wanted)), judge=judged)


def capture(ground: Ground) -> Probe:
    """Compare the data capture in force with the template's."""
    wanted = {
        name: config["DataCaptureConfig"]
        for name, (_, config) in _endpoints(ground).items()
        if "DataCaptureConfig" in config
    }
    if not wanted:
        return idle(CAPTURE, "no endpoint of the stage captures")

    def judged(answers: Answers) -> Verdict:
        for name, asked in wanted.items():
            found = answers[name]
            if isinstance(found, Refusal):
                return still_open(f"{name}: {found}")
            live = found.get("DataCaptureConfig", {})
            share = live.get("CurrentSamplingPercentage")
            if share != asked["InitialSamplingPercentage"]:
                asks = asked["InitialSamplingPercentage"]
                return broken(f"{name} captures {share} %; its config asks for {asks} %")
        return held(f"{len(wanted)} endpoints capture what their config asks for")

    return Probe(assumption=CAPTURE, calls=_descriptions(list(wanted)), judge=judged)


def arrival(ground: Ground) -> Probe:
    """Look for one captured file of each endpoint where the drift job will look."""
    calls = []
    for name, (_, config) in _endpoints(ground).items():
        if "DataCaptureConfig" in config:
            (variant,) = config["ProductionVariants"]
            prefix = f"{_place(ground, config)}/{name}/{variant['VariantName']}/"
            bucket, _, key = prefix.partition("/")
            calls.append(
                Call(name=name, place="stage", service="s3", operation="ListObjectsV2",
                     request={"Bucket": bucket, "Prefix": key, "MaxKeys": 1})
            )  # fmt: skip
    if not calls:
        return idle(ARRIVAL, "no endpoint of the stage captures")
    return Probe(assumption=ARRIVAL, calls=tuple(calls), judge=_arrival_judged)


def caller_errors(ground: Ground) -> Probe:
    """Send one request that no model can read, and see which metrics count it."""
    endpoints = _endpoints(ground)
    if not endpoints:
        return idle(CALLERS, "nothing is released in the stage")
    name, (_, config) = min(endpoints.items(), key=lambda one: one[0])
    began = datetime.strptime(ground.stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC, second=0)
    call = Call(
        name="request", place="stage", service="sagemaker-runtime", operation="InvokeEndpoint",
        request={"EndpointName": name, "ContentType": "application/json", "Body": b"{"},
    )  # fmt: skip
    counts = Call(
        name="counts", place="stage", service="cloudwatch", operation="GetMetricData",
        request={
            "StartTime": began,
            "EndTime": began + timedelta(minutes=_MINUTES),
            "MetricDataQueries": [
                _sum(metric, name, config["ProductionVariants"][0]["VariantName"])
                for metric in _METRICS
            ],
        },
        until=lambda answer: bool(_counted(answer)["Invocation4XXErrors"]),
    )  # fmt: skip
    return Probe(
        assumption=CALLERS,
        calls=(call, counts),
        judge=_callers_judged,
        disturbs=f"one malformed request to {name}, which its alarms see",
    )


def _sum(metric: str, endpoint: str, variant: str) -> dict[str, Any]:
    named = {"EndpointName": endpoint, "VariantName": variant}
    dimensions = [{"Name": key, "Value": value} for key, value in named.items()]
    asked = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
    stat = {"Metric": asked, "Period": 60, "Stat": "Sum"}
    return {"Id": metric[:1].lower() + metric[1:], "MetricStat": stat}


def _counted(answer: Mapping[str, Any]) -> dict[str, float]:
    """What each metric counted; other callers' requests count as well."""
    sums = {one["Id"]: sum(one.get("Values", ())) for one in answer.get("MetricDataResults", ())}
    return {metric: sums.get(metric[:1].lower() + metric[1:], 0.0) for metric in _METRICS}


def _callers_judged(answers: Answers) -> Verdict:
    request, counts = answers["request"], answers["counts"]
    if not isinstance(request, Refusal):
        return still_open("the model answered a request that is not JSON")
    if request.code != "ModelError":
        return still_open(str(request))
    if isinstance(counts, Refusal):
        return still_open(str(counts))
    refused, failed = (_counted(counts)[metric] for metric in _METRICS)
    if not refused:
        return still_open("the metrics did not count the request while this waited")
    told = f"Invocation4XXErrors counted {refused:g}, InvocationModelErrors {failed:g}"
    return held(told) if failed >= refused else broken(told)


def _place(ground: Ground, config: Properties) -> str:
    """Bucket and first part of the keys of a config's captures."""
    for stack in ground.stacks():
        if any(found is config for _, found in stack.resources("AWS::SageMaker::EndpointConfig")):
            values = ground.assembly.intrinsics(stack)
            uri = values.text(config["DataCaptureConfig"]["DestinationS3Uri"])
            return uri.removeprefix("s3://").rstrip("/")
    raise LookupError("the config is in no stack of the stage")


def _arrival_judged(answers: Answers) -> Verdict:
    for name, answer in answers.items():
        if isinstance(answer, Refusal):
            return still_open(f"{name}: {answer}")
        if not answer.get("Contents"):
            return still_open(f"{name} has no captures yet; ask again an hour after a request")
    return held(f"{len(answers)} endpoints have captures where the drift job reads them")


def _descriptions(names: list[str]) -> tuple[Call, ...]:
    return tuple(
        Call(name=name, place="stage", service="sagemaker", operation="DescribeEndpoint",
             request={"EndpointName": name})
        for name in names
    )  # fmt: skip


def _endpoints(ground: Ground) -> dict[str, tuple[Properties, Properties]]:
    """Every endpoint and its config, by the endpoint's name."""
    found: dict[str, tuple[Properties, Properties]] = {}
    for stack in ground.stacks():
        configs = dict(stack.resources("AWS::SageMaker::EndpointConfig"))
        values = ground.assembly.intrinsics(stack)
        for _, endpoint in stack.resources("AWS::SageMaker::Endpoint"):
            config = configs[endpoint["EndpointConfigName"]["Fn::GetAtt"][0]]
            found[values.text(endpoint["EndpointName"])] = endpoint, config
    return found
