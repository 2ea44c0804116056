from __future__ import annotations

from offhook.api import docs_page, openapi
from offhook.api.errors import Code
from offhook.api.resources import ROUTERS


def test_the_page_shows_everything_and_loads_nothing() -> None:
    document = openapi.describe(ROUTERS)
    page = docs_page.render(document)
    for path in document["paths"]:
        assert path in page
    for code in Code:
        assert f'id="error-{int(code)}"' in page
    for loads in ("<script", "<link", "<img", "src=", "url(", "http://", "https://"):
        assert loads not in page, loads
