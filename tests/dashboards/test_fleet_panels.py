"""A row for each model."""

from collections.abc import Callable

from mlops.dashboards import Served, fleet_sections


def test_a_row_says_whose_model_it_is(served: Served) -> None:
    (row,) = fleet_sections([served])

    assert row.title == "churn"
    assert "science@example.com" in row.text


def test_a_model_that_nobody_looks_at_has_no_panel_of_checks(
    served: Served, served_of: Callable[..., Served]
) -> None:
    watched, blind = fleet_sections([served, served_of(monitoring={"engine": "none"})])

    assert len(watched.panels) == 1 + len(blind.panels)
