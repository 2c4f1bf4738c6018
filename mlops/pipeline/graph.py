"""Which steps make a model, in which order, with which arguments: the one place that says it.

Nothing that a data scientist tunes is part of the graph: hyper-parameters, instance types and the
data's version are parameters whose defaults are bound at synthesis, so tuning needs no compilation.
What the stage decides is a parameter of the compiled definition alone: binding writes it out, so
that nobody who starts an execution can state another code, image, commit or role.
"""

from typing import Final

from mlops.contract import ModelSpec, Names, StepSpec
from mlops.pipeline.gate import gate_of
from mlops.pipeline.naming import camel_case
from mlops.pipeline.steps import (
    Channel,
    ExecutionValue,
    FunctionOutput,
    Graph,
    JobOutput,
    Joined,
    LambdaStep,
    Machine,
    Output,
    Parameter,
    ParameterType,
    ParameterValue,
    ProcessingStep,
    PropertyFile,
    TrainedModel,
    TrainingStep,
)

FIND_APPROVED_ARN: Final = "{{FindApprovedFunctionArn}}"
FIND_ORIGIN_ARN: Final = "{{FindOriginFunctionArn}}"
DATA_RECORD: Final = "data.json"
"""What the first job says of the data that it read, before a model's own code runs."""
JOBS: Final = ("Preprocess", "ValidateData", "Train", "Baseline", "Evaluate")
SPLITS: Final = ("train", "validation", "test", "later")
NONE: Final = "none"
"""What a parameter says that has nothing to say: the registry takes no empty text."""
_PROCESSING: Final = "/opt/ml/processing"
_TRAINING: Final = "/opt/ml/input/data"
_ENVIRONMENT: Final = {"PYTHONUNBUFFERED": "1"}
CONSTANTS: Final = (
    "CodeUri",
    "SourceHash",
    "Commit",
    "ImageUri",
    "ArtifactsUri",
    "KmsKeyId",
    "ModelPackageGroupName",
    *(f"{job}RoleArn" for job in JOBS),
)
"""What the stage decides: written out by binding, no parameter of what is deployed."""


def graph_of(spec: ModelSpec) -> Graph:
    """The steps that make, judge and register a model."""
    steps = (_preprocess(spec), _validate_data(spec), _train(spec), _baseline(spec))
    judging = (
        _find_origin(),
        _find_approved(),
        _evaluate(spec),
        gate_of(spec, environment=_ENVIRONMENT),
    )
    return Graph(model=spec.name, parameters=_parameters(spec), steps=steps + judging)


def tunable_defaults(spec: ModelSpec) -> dict[str, str | int | float]:
    """Defaults of the parameters that model.yaml alone decides."""
    types = {f"{job}InstanceType": _machine_spec(spec, job).instance_type for job in JOBS}
    tuning = spec.pipeline.steps.train.hyperparameters
    return {
        "DataVersion": spec.data.version,
        "TrainingEnd": spec.data.training_end or NONE,
        **types,
        **{camel_case(name): value for name, value in tuning.items()},
    }


def data_uri(spec: ModelSpec, names: Names) -> str:
    """Where the training data is: the contract's place, or the one it is published to."""
    filename = spec.data.sample.rpartition("/")[2]
    return spec.data.uri or names.data_uri(spec.name, spec.data.version, filename)


def _parameters(spec: ModelSpec) -> tuple[Parameter, ...]:
    tuning = spec.pipeline.steps.train.hyperparameters
    return (
        *(Parameter(name=name) for name in ("DataUri", "DataVersion", "TrainingEnd")),
        *(Parameter(name=name) for name in CONSTANTS),
        *(Parameter(name=f"{job}InstanceType") for job in JOBS),
        *(Parameter(name=camel_case(name), type=_type(value)) for name, value in tuning.items()),
    )


def _type(value: str | float) -> ParameterType:
    if isinstance(value, str):
        return "String"
    return "Integer" if isinstance(value, int) else "Float"


def _preprocess(spec: ModelSpec) -> ProcessingStep:
    home = f"{_PROCESSING}/output"
    data = f"{_PROCESSING}/input/data"
    return ProcessingStep(
        name="Preprocess",
        description="Split the data into train, validation, test and later",
        machine=_machine(spec, "Preprocess"),
        entrypoint=_recording_entrypoint("preprocess", data=data, record=f"{home}/read"),
        # The version is an argument so that changed data is never answered from the cache.
        arguments=(
            *("--input-dir", data, "--data-version", ParameterValue("DataVersion")),
            *("--training-end", ParameterValue("TrainingEnd"), "--output-dir", home),
        ),
        environment=_ENVIRONMENT,
        inputs=(_code(), Channel(name="data", uri=ParameterValue("DataUri"), path=data)),
        outputs=tuple(_output("Preprocess", name, f"{home}/{name}") for name in (*SPLITS, "read")),
        cache=_cache(spec),
    )


def _validate_data(spec: ModelSpec) -> ProcessingStep:
    report = f"{_PROCESSING}/output/report"
    return ProcessingStep(
        name="ValidateData",
        description="Check schema, ranges, duplicates, leakage and overlap before training",
        machine=_machine(spec, "ValidateData"),
        entrypoint=_entrypoint("validate_data", f"{_PROCESSING}/input/code"),
        arguments=("--input-dir", f"{_PROCESSING}/input", "--output-dir", report),
        environment=_ENVIRONMENT,
        inputs=(_code(), *map(_split, SPLITS)),
        outputs=(_output("ValidateData", "report", report, survives=True),),
        cache=_cache(spec),
    )


def _train(spec: ModelSpec) -> TrainingStep:
    tuning = spec.pipeline.steps.train.hyperparameters
    return TrainingStep(
        name="Train",
        description="Fit the model and pack the archive that is served",
        machine=_machine(spec, "Train"),
        entrypoint=_entrypoint("train", f"{_TRAINING}/code"),
        arguments=(
            *("--train", f"{_TRAINING}/train", "--validation", f"{_TRAINING}/validation"),
            *("--hyperparameters", "/opt/ml/input/config/hyperparameters.json"),
            *("--model-dir", "/opt/ml/model"),
        ),
        environment=_ENVIRONMENT,
        inputs=(
            Channel(name="code", uri=ParameterValue("CodeUri"), path=f"{_TRAINING}/code"),
            *(_training_split(split) for split in ("train", "validation")),
        ),
        models=_place("Train", "model"),
        hyperparameters={name: ParameterValue(camel_case(name)) for name in tuning},
        cache=_cache(spec),
        # Training reads the same data, but must not begin before the data is known to be good.
        after=("ValidateData",),
    )


def _baseline(spec: ModelSpec) -> ProcessingStep:
    read, home = f"{_PROCESSING}/input", f"{_PROCESSING}/output"
    files, content = f"{home}/baseline", f"{home}/content"
    return ProcessingStep(
        name="Baseline",
        description="Serve the archive, ask it the examples; describe rows and answers for drift",
        machine=_machine(spec, "Baseline"),
        entrypoint=_module_entrypoint("jobs.drift_baseline", f"{read}/code"),
        arguments=(
            *("--model", f"{read}/model", "--data-dir", read),
            *("--output-dir", files, "--content-dir", content),
        ),
        environment=_ENVIRONMENT,
        inputs=(
            _code(),
            Channel(name="model", uri=TrainedModel("Train"), path=f"{read}/model"),
            *(_split(split) for split in ("train", "test")),
        ),
        outputs=(_output("Baseline", "baseline", files), _output("Baseline", "content", content)),
        property_files=(PropertyFile(name="Content", output="content", path="content.json"),),
        cache=_cache(spec),
    )


def _find_origin() -> LambdaStep:
    return LambdaStep(
        name="FindOrigin",
        description="Find who or what started this execution, and which data it read",
        function_arn=FIND_ORIGIN_ARN,
        inputs={
            "Execution": ExecutionValue("PipelineExecutionArn"),
            "DataRecord": Joined("/", (JobOutput("Preprocess", "read"), DATA_RECORD)),
        },
        outputs=("DataVersion", "StartedBy", "StartedById", "Trigger", "TriggerEvidence"),
    )


def _find_approved() -> LambdaStep:
    return LambdaStep(
        name="FindApproved",
        description="Find the approved version to compare with, and the image behind its tag",
        function_arn=FIND_APPROVED_ARN,
        inputs={
            "GroupName": ParameterValue("ModelPackageGroupName"),
            "CandidateModelDataUrl": TrainedModel("Train"),
            "ImageUri": ParameterValue("ImageUri"),
        },
        outputs=("ApprovedModelDataUrl", "ApprovedVersion", "ImageByDigest"),
    )


def _evaluate(spec: ModelSpec) -> ProcessingStep:
    read, report = f"{_PROCESSING}/input", f"{_PROCESSING}/output/evaluation"
    approved = FunctionOutput("FindApproved", "ApprovedModelDataUrl")
    return ProcessingStep(
        name="Evaluate",
        description="Measure the model on held-out data, beside the approved version",
        machine=_machine(spec, "Evaluate"),
        entrypoint=_entrypoint("evaluate", f"{read}/code"),
        arguments=(
            *("--model", f"{read}/model", "--approved", f"{read}/approved"),
            *("--approved-version", FunctionOutput("FindApproved", "ApprovedVersion")),
            *("--data-dir", read, "--output-dir", report),
        ),
        environment=_ENVIRONMENT,
        inputs=(
            _code(),
            Channel(name="model", uri=TrainedModel("Train"), path=f"{read}/model"),
            Channel(name="approved", uri=approved, path=f"{read}/approved"),
            *(_split(split) for split in ("train", "test", "later")),
        ),
        outputs=(_output("Evaluate", "evaluation", report),),
        property_files=(
            PropertyFile(name="Evaluation", output="evaluation", path="evaluation.json"),
        ),
        cache=_cache(spec),
    )


def _machine(spec: ModelSpec, job: str) -> Machine:
    asked = _machine_spec(spec, job)
    return Machine(
        role=ParameterValue(f"{job}RoleArn"),
        image=ParameterValue("ImageUri"),
        instance_type=ParameterValue(f"{job}InstanceType"),
        instance_count=asked.instance_count,
        volume_gb=asked.volume_gb,
        timeout_seconds=asked.timeout_minutes * 60,
        key=ParameterValue("KmsKeyId"),
    )


def _machine_spec(spec: ModelSpec, job: str) -> StepSpec:
    steps = spec.pipeline.steps
    return {
        "Preprocess": steps.preprocess,
        "ValidateData": steps.validate_data,
        "Train": steps.train,
        "Baseline": steps.baseline,
        "Evaluate": steps.evaluate,
    }[job]


def _cache(spec: ModelSpec) -> str | None:
    days = spec.pipeline.cache_days
    return f"P{days}D" if days else None


def _entrypoint(script: str, code: str) -> tuple[str, ...]:
    """Unpacks the code channel (CDK publishes it as <hash>.gz) and becomes the script."""
    return ("bash", "-c", f'set -e; {_unpack(code)}; exec python3 "$d/$0.py" "$@"', script)


def _recording_entrypoint(script: str, *, data: str, record: str) -> tuple[str, ...]:
    """The same, once the platform's code has recorded what the data channel holds."""
    code = f"{_PROCESSING}/input/code"
    recording = f'(cd "$d"; python3 -m jobs.data_record {data} {record}/{DATA_RECORD})'
    command = f'set -e; {_unpack(code)}; {recording}; exec python3 "$d/$0.py" "$@"'
    return ("bash", "-c", command, script)


def _module_entrypoint(module: str, code: str) -> tuple[str, ...]:
    """The same for a module of a package of the archive: no model brings a script for it."""
    return ("bash", "-c", f'set -e; {_unpack(code)}; cd "$d"; exec python3 -m "$0" "$@"', module)


def _unpack(code: str) -> str:
    return f'd=$(mktemp -d); tar xzf {code}/*.gz -C "$d"'


def _code() -> Channel:
    return Channel(name="code", uri=ParameterValue("CodeUri"), path=f"{_PROCESSING}/input/code")


def _split(split: str) -> Channel:
    path = f"{_PROCESSING}/input/{split}"
    return Channel(name=split, uri=JobOutput("Preprocess", split), path=path)


def _training_split(split: str) -> Channel:
    path = f"{_TRAINING}/{split}"
    return Channel(name=split, uri=JobOutput("Preprocess", split), path=path)


def _output(step: str, name: str, path: str, *, survives: bool = False) -> Output:
    return Output(name=name, uri=_place(step, name), path=path, survives=survives)


def _place(step: str, output: str) -> Joined:
    execution = ExecutionValue("PipelineExecutionId")
    return Joined("/", (ParameterValue("ArtifactsUri"), execution, step, output))
