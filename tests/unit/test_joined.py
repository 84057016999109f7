from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import Client

from compose.web.joined import Clash, Counted, Joined, join_documents
from ingest.account import Account
from ingest.answer import OPERATIONS


def app(name: str, *paths: str) -> Flask:
    app = Flask(name, static_folder=None)

    def says(rule: str) -> Callable[..., str]:
        return lambda **_: f"{name} {rule}"

    for path in (*paths, *OPERATIONS):
        app.add_url_rule(path, path, says(path))
    return app


def document(*paths: str, **schemas: object) -> dict[str, object]:
    return {
        "openapi": "3.1.0",
        "paths": {path: {"get": {"summary": path}} for path in paths},
        "components": {"schemas": schemas},
    }


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("/v1/rooms/final/reactions", "writer /v1/rooms/<room>/reactions"),
        ("/v1/rooms/final/frame", "reader /v1/rooms/<room>/frame"),
        ("/v1/rooms/%C3%A9/frame", "reader /v1/rooms/<room>/frame"),
        ("/page.html", "reader /page.html"),
        ("/static/a/b.js", "reader /static/<path:file>"),
        ("/v1.0/x/y", "reader /v1.0/<name>/y"),
        ("/small/7", "reader /small/<int(max=9):number>"),
        *((path, f"writer {path}") for path in OPERATIONS),
    ],
)
def test_a_path_goes_to_the_app_that_has_it(path: str, answered: str) -> None:
    writer = app("writer", "/v1/rooms/<room>/reactions")
    reader = app(
        "reader",
        "/v1/rooms/<room>/frame",
        "/page.html",
        "/static/<path:file>",
        "/v1.0/<name>/y",
        "/small/<int(max=9):number>",
    )

    assert Client(Joined(writer, reader)).get(path).text == answered


@pytest.mark.parametrize(
    "path",
    ["/", "/pageXhtml", "/v1X0/x/y", "/v1/rooms/a/b/frame", "/v1/rooms/final/frame/"],
)
def test_what_neither_has_the_first_refuses(path: str) -> None:
    writer = app("writer")
    reader = app("reader", "/v1/rooms/<room>/frame", "/page.html", "/v1.0/<name>/y")
    writer.register_error_handler(404, lambda _: ("writer has it not", 404))

    assert Client(Joined(writer, reader)).get(path).text == "writer has it not"


def test_a_path_that_both_apps_have_is_a_clash() -> None:
    with pytest.raises(Clash, match="v1"):
        Joined(app("writer", "/v1/<one>"), app("reader", "/v1/<other>"))


def test_the_joined_document_has_the_paths_and_components_of_both() -> None:
    joined = join_documents(
        document("/livez", "/write", Room=1, A=2),
        document("/livez", "/read", Room=1, B=3),
    )

    assert [*joined["paths"]] == ["/livez", "/write", "/read"]
    assert joined["components"]["schemas"] == {"Room": 1, "A": 2, "B": 3}


def test_documents_that_mean_different_things_by_a_name_clash() -> None:
    with pytest.raises(Clash, match="schemas/Room"):
        join_documents(document("/write", Room=1), document("/read", Room=2))


def test_documents_that_describe_the_same_path_clash() -> None:
    with pytest.raises(Clash, match="rooms"):
        join_documents(document("/rooms/{a}/x"), document("/rooms/{b}/x"))


def test_a_server_finds_the_account_beside_one_app_alone() -> None:
    account = Account()

    counted = Counted(app("writer", "/v1/reactions"), account)

    assert counted.account is account
    assert Client(counted).get("/v1/reactions").text == "writer /v1/reactions"
