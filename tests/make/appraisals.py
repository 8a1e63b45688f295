"""Test data of appraisals and rectifications: the JSON of what can be recorded."""

from typing import Any

Body = dict[str, Any]


def new_case(organization_id: Any, **values: Any) -> Body:
    people = [
        {"level": level, "name": "王立群", "post": "书记"}
        for level in ("county", "township", "village")
    ]
    return {
        "organization_id": str(organization_id),
        "criteria": ["secretary_vacant"],
        "reason": "书记空缺",
        "guarantors": people,
    } | values


def new_cycle(organization_id: Any, **values: Any) -> Body:
    items = [{"title": "党员教育", "weight": 60}, {"title": "三会一课", "weight": 40}]
    cycle = {"organization_id": str(organization_id), "year": 2019, "quarter": 4, "items": items}
    return cycle | values


def new_talk(organization_id: Any, **values: Any) -> Body:
    return {
        "organization_id": str(organization_id),
        "cadre": "村委会主任",
        "held_on": "2019-12-30",
        "talked_by": "组织部副部长",
        "reason": "坐班日缺岗",
    } | values
