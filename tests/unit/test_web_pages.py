"""What a browser gets: pages in two encodings, kept for how long, and their bounds."""

import gzip
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from clients.web import pages
from clients.web.pages import Pages
from tests.unit.test_web_app import Frames, client_of, sample

SCRIPT = b"let crowd = 0;\n" * 100
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ZIPPED = {"Accept-Encoding": "gzip, deflate, br"}
EVERY_PAGE = ("/", "/rooms/final", "/host/final", "/overlay/final")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    for name in pages.PAGES:
        (folder / name).write_text(f"<!doctype html><title>{name}</title>" + " " * 500)
    (folder / "embed.js").write_bytes(SCRIPT)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "page-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "dot-3c4d.png").write_bytes(bytes(range(256)))
    (folder / ".made-from").write_text("a digest")
    (tmp_path / "secret.txt").write_text("nobody's business")
    return folder


@pytest.fixture
def client(built: Path) -> FlaskClient:
    return client_of(Frames(), pages=Pages.load(built, ["wall.example", "127.0.0.1"]))


def directives(client: FlaskClient, path: str) -> dict[str, list[str]]:
    policy = client.get(path).headers["Content-Security-Policy"]
    named = (part.split() for part in policy.split(";"))
    return {name: sources for name, *sources in named}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/rooms/final", "index.html"),
        ("/host/final", "host.html"),
        ("/overlay/final", "overlay.html"),
    ],
)
def test_each_path_has_its_page(client: FlaskClient, path: str, name: str) -> None:
    answer = client.get(path)

    assert f"<title>{name}</title>" in answer.text
    assert answer.content_type == "text/html; charset=utf-8"


def test_a_browser_that_takes_it_gets_less(client: FlaskClient) -> None:
    answer = client.get("/assets/page-1a2b.js", headers=ZIPPED)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == SCRIPT
    assert len(answer.data) < len(SCRIPT) / 2
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_who_takes_no_gzip_gets_it_plain(client: FlaskClient) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip;q=0"}):
        answer = client.get("/assets/page-1a2b.js", headers=headers)

        assert "Content-Encoding" not in answer.headers
        assert answer.data == SCRIPT
        assert answer.headers["Vary"] == "Accept-Encoding"


def test_what_compression_makes_larger_is_sent_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/assets/dot-3c4d.png", headers=ZIPPED)

    assert "Content-Encoding" not in answer.headers
    assert answer.data == bytes(range(256))
    assert answer.content_type == "image/png"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "no-cache"),
        ("/rooms/final", "no-cache"),
        ("/overlay/final", "no-cache"),
        ("/host/final", "no-store"),
        ("/assets/page-1a2b.js", "public, max-age=31536000, immutable"),
        ("/embed.js", "public, max-age=300"),
        ("/favicon.svg", "no-cache"),
    ],
)
def test_each_is_kept_as_long_as_it_may_be(
    client: FlaskClient, path: str, kept: str
) -> None:
    assert client.get(path).headers["Cache-Control"] == kept


@pytest.mark.parametrize("encoding", [{}, ZIPPED])
def test_who_has_it_does_not_get_it_again(
    client: FlaskClient, encoding: dict[str, str]
) -> None:
    tag = client.get("/rooms/final", headers=encoding).headers["ETag"]

    again = client.get("/rooms/other", headers={**encoding, "If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Security-Policy" in again.headers


def test_each_encoding_has_a_tag_of_its_own(client: FlaskClient) -> None:
    plain = client.get("/rooms/final").headers["ETag"]
    zipped = client.get("/rooms/final", headers=ZIPPED).headers["ETag"]

    assert plain != zipped


@pytest.mark.parametrize("path", [*EVERY_PAGE, "/assets/page-1a2b.js"])
def test_a_page_and_a_worker_of_it_load_what_is_ours_alone(
    client: FlaskClient, path: str
) -> None:
    found = directives(client, path)

    assert found.pop("connect-src") == [
        "'self'",
        *("ws://wall.example:*", "wss://wall.example:*"),
        *("ws://127.0.0.1:*", "wss://127.0.0.1:*"),
    ]
    assert found == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


@pytest.mark.parametrize("path", [*EVERY_PAGE, "/embed.js", "/assets/page-1a2b.js"])
def test_nothing_is_guessed_and_nothing_told_on(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_only_the_embed_is_for_other_sites(client: FlaskClient) -> None:
    policies = {
        path: client.get(path).headers["Cross-Origin-Resource-Policy"]
        for path in ("/", "/embed.js", "/assets/page-1a2b.js")
    }

    assert policies == {
        "/": "same-origin",
        "/embed.js": "cross-origin",
        "/assets/page-1a2b.js": "same-origin",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets//etc/passwd",
        "/assets/.made-from",
        "/.made-from",
        "/assets/nothing.js",
        "/assets/",
        "/index.html",
    ],
)
def test_nothing_but_what_was_built_for_browsers_is_served(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert (answer.json or {})["error"] == "not_found"


@pytest.mark.parametrize("page", ["rooms", "host", "overlay"])
def test_a_room_that_cannot_be_is_told_in_html_to_a_browser(
    client: FlaskClient, page: str
) -> None:
    before = sample("web_refused_total", {"error": "bad_room"})
    answer = client.get(f"/{page}/%3Cimg%20src=x%3E", headers=BROWSER)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "A room is 1 to 63 of a-z" in answer.text
    assert "<img" not in answer.text
    assert "'none'" in answer.headers["Content-Security-Policy"]
    assert sample("web_refused_total", {"error": "bad_room"}) == before + 1


def test_a_room_that_cannot_be_is_told_in_json_to_a_program(
    client: FlaskClient,
) -> None:
    answer = client.get("/rooms/Final", headers={"Accept": "*/*"})

    assert answer.status_code == 404
    assert (answer.json or {})["error"] == "bad_room"


def test_what_a_browser_reads_of_the_api_stays_json(client: FlaskClient) -> None:
    answer = client.get("/v1/rooms/Final/frame", headers=BROWSER)

    assert (answer.json or {})["error"] == "bad_room"


@pytest.mark.parametrize("path", [*EVERY_PAGE, "/embed.js", "/assets/page-1a2b.js"])
def test_where_nothing_was_built_it_says_what_builds_it(
    tmp_path: Path, path: str
) -> None:
    unbuilt = client_of(Frames(), pages=Pages.load(tmp_path / "nowhere", []))

    answer = unbuilt.get(path)
    seen = unbuilt.get(path, headers=BROWSER)

    assert answer.status_code == seen.status_code == 503
    assert (answer.json or {})["error"] == "not_built"
    assert "make setup" in seen.text
    assert seen.mimetype == "text/html"


def test_a_page_stays_as_it_was_when_others_are_built_meanwhile(
    client: FlaskClient, built: Path
) -> None:
    (built / "index.html").write_text("half of a n")

    assert "<title>index.html</title>" in client.get("/").text
