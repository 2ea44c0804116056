from __future__ import annotations

from fastapi.routing import APIRoute

from offhook.api import openapi
from offhook.api.resources import ROUTERS
from tools.gen_openapi import TARGET, text


def test_the_committed_description_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run tools/gen_openapi.py"


def test_every_route_is_described_with_its_parameters_and_answers() -> None:
    document = openapi.describe(ROUTERS)
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            if not route.include_in_schema:
                continue
            for method in route.methods:
                told = document["paths"][route.path][method.lower()]
                assert told["description"], route.path
                assert {"401", "403"} <= set(told["responses"])
                if method == "POST":
                    assert told["requestBody"]["content"]
    create = document["paths"]["/Accounts/{account_sid}/Calls"]["post"]
    form = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["required"] == ["To", "From"]
    assert {"StatusCallbackEvent", "Twiml", "Rcml", "ApplicationSid", "SipAuthPassword"} <= set(form["properties"])
    filters = {each["name"] for each in document["paths"]["/Accounts/{account_sid}/Calls"]["get"]["parameters"]}
    assert {"StartTime", "StartTime<", "StartTime>", "Page", "PageSize", "account_sid"} <= filters


def test_operations_have_names_of_their_own_and_references_lead_somewhere() -> None:
    document = openapi.describe(ROUTERS)
    names = [told["operationId"] for methods in document["paths"].values() for told in methods.values()]
    assert len(names) == len(set(names))
    schemas = set(document["components"]["schemas"])
    found = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                found.add(value["$ref"].removeprefix("#/components/schemas/"))
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(document)
    assert found
    assert found <= schemas
