"""Each reference that leads nowhere is found."""

import copy
import json

import pytest

from mlops.pipeline.compiled import compiled_path
from mlops.pipeline.reference_check import reference_findings


@pytest.fixture(scope="module")
def committed(repository, real_model):
    return json.loads(compiled_path(repository, real_model).read_text())["definition"]


def edited(definition, old, new):
    """The definition with a text replaced wherever it stands."""
    text = json.dumps(definition)
    assert old in text
    return json.loads(text.replace(old, new))


REPLACED = [
    ("Parameters.Commit", "Parameters.Comit", "parameter 'Comit' is not declared"),
    ("Parameters.Commit", "Parameters.Comit", "Parameters.Commit: is declared and never used"),
    ("Steps.Train.ModelArtifacts", "Steps.Training.ModelArtifacts", "there is no step 'Training'"),
    ("ModelArtifacts.S3", "ModelArtefacts.S3", "has no member 'ModelArtefacts'"),
    ("S3ModelArtifacts", "S3ModelArtifacts.Url", "S3ModelArtifacts is a string and has no 'Url'"),
    ("Outputs['test']", "Outputs['tset']", "has no item of Outputs 'tset'; it has train"),
    ("Outputs['test']", "Outputs[test]", "is not a path"),
    ("Outputs['test'].S3Output", "Outputs['test']S3Output", "is not a path"),
    ("PropertyFiles.Evaluation", "PropertyFiles.Report", "has no property file 'Report'"),
    ("OutputParameters['ApprovedVersion']", "OutputParameters['Version']", "output parameter"),
    ("Execution.PipelineExecutionId", "Execution.Id", "an execution has no 'Id'"),
    ("Execution.PipelineExecutionId", "Run.Id", "'Run.Id' refers to nothing"),
    ("Steps.FindApproved.OutputParameters", "Steps.Gate.Outputs", "step Gate has no properties"),
    ('["ValidateData"]', '["Validation"]', "Train.DependsOn: there is no step 'Validation'"),
    ('"OutputName": "evaluation"', '"OutputName": "results"', "has no item of Outputs 'evalu"),
    (
        '"PropertyFileName": "Evaluation", "OutputName": "evaluation"',
        '"PropertyFileName": "Evaluation", "OutputName": "results"',
        "Evaluate.PropertyFiles: step Evaluate has no output 'results'; it has evaluation",
    ),
]


def test_every_reference_of_the_committed_definition_leads_somewhere(committed):
    assert reference_findings(committed) == []


@pytest.mark.parametrize(("old", "new", "told"), REPLACED)
def test_a_reference_to_nothing_is_found(committed, old, new, told):
    found = [str(finding) for finding in reference_findings(edited(committed, old, new))]

    assert any(told in finding for finding in found), found


def test_a_parameter_declared_twice_is_found(committed):
    definition = copy.deepcopy(committed)
    definition["Parameters"].append(definition["Parameters"][0])

    found = [str(finding) for finding in reference_findings(definition)]

    assert "Parameters.DataUri: is declared more than once" in found


def test_two_property_files_of_one_name_are_found(committed):
    definition = copy.deepcopy(committed)
    evaluate = next(s for s in definition["Steps"] if s["Name"] == "Evaluate")
    evaluate["PropertyFiles"] *= 2

    found = [str(finding) for finding in reference_findings(definition)]

    assert "Evaluate.PropertyFiles: 2 property files are named 'Evaluation'" in found


def test_a_step_that_is_gone_is_missed_by_those_who_read_it(committed):
    definition = copy.deepcopy(committed)
    definition["Steps"] = [s for s in definition["Steps"] if s["Name"] != "FindApproved"]

    found = [str(finding) for finding in reference_findings(definition)]

    assert sum("there is no step 'FindApproved'" in finding for finding in found) == 4


def test_an_item_of_a_list_may_be_counted(committed):
    definition = edited(committed, "Outputs['test']", "Outputs[0]")

    assert reference_findings(definition) == []
