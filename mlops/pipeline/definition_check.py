"""Everything that SageMaker would refuse about a pipeline definition, found before it is sent."""

from mlops.pipeline.condition_check import condition_findings
from mlops.pipeline.contract_check import contract_findings
from mlops.pipeline.expressions import Finding
from mlops.pipeline.form_check import form_findings
from mlops.pipeline.order_check import order_findings
from mlops.pipeline.reference_check import reference_findings


def definition_findings(definition: object) -> list[Finding]:
    """What is wrong with a definition, whatever it is; none where SageMaker would take it.

    What has not the form of a definition is told by itself: nothing more can be read in it.
    """
    found = form_findings(definition)
    if found or not isinstance(definition, dict):
        return found
    return [
        *contract_findings(definition),
        *reference_findings(definition),
        *order_findings(definition),
        *condition_findings(definition),
    ]
