"""What the docs, the alerts and the dashboard say of figures is what ``hub run`` gives."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli.docs import filled
from hub.runtime.metrics import described

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
KINDS = {name: kind for name, kind, _, _ in described()}
LABELS = {name: labels for name, _, labels, _ in described()}
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DOCS / "monitoring" / "prometheus-alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DOCS / "monitoring" / "grafana.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [*(rule["expr"] for rule in RULES), *QUERIES]


def figures(expression: str) -> set[str]:
    return set(re.findall(r"\bhub_\w+", expression))


def test_the_table_is_as_the_code_has_it() -> None:
    assert "hub_polls_total" in KINDS
    assert filled(PAGE) == PAGE, 'run "make docs" and commit docs/reference'


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_alerts_and_dashboard_go_by_figures_that_exist(expression: str) -> None:
    assert figures(expression) <= KINDS.keys()
    assert figures(expression) or expression.startswith("up{")
    counters = {name for name in figures(expression) if KINDS[name] == "counter"}
    assert counters == set(re.findall(r"(?:rate|increase)\((hub_\w+)", expression)), (
        "a counter is read by its rise, a gauge is not"
    )
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_to_do_and_names_labels_that_are_there(rule: dict[str, Any]) -> None:
    told = " ".join(rule["annotations"].values())
    assert {"summary", "todo"} == rule["annotations"].keys()
    known = {label for name in figures(rule["expr"]) for label in LABELS[name]}
    assert set(re.findall(r"\$labels\.(\w+)", told)) <= known


def test_the_dashboard_shows_every_figure_that_changes() -> None:
    shown = {name for query in QUERIES for name in figures(query)}
    alerted = {name for rule in RULES for name in figures(rule["expr"])}
    assert KINDS.keys() <= shown | alerted


def test_panels_stand_beside_and_not_upon_one_another() -> None:
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
