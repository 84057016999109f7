"""The proxy's configuration: nginx between people and the two web services.

It takes the slow: a request is handed on when all of it is here, an answer is taken at
once and given out as fast as its reader reads. What is whose comes from the apps'
documents; what it refuses itself it says as they do.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

import ingest.openapi
from compose.containers.place import socket_of
from compose.files import File
from compose.settings import LOOPBACK, Settings
from compose.topology import INGEST, WEB
from compose.web.gate import KEEP_ALIVE_S
from ingest.answer import METRICS, OPERATIONS
from ingest.intake import BODY_MAX_BYTES
from ingest.refusal import Refusal, Refused

NAME = "nginx.conf"

CONNECTIONS_MAX = 8192
"""Of a worker of the proxy, both sides counted."""

REQUESTS_MAX = 2000
"""Of all, at the same time: what waits of them fits into a container's memory."""

ADDRESS_CONNECTIONS_MAX = 1000
"""One address may hold so many: a hall's phones behind one router."""

_NAME_IN_PATH = re.compile(r"{\w+}")

_ITS_OWN = {
    400: Refusal.BAD_REQUEST,
    404: Refusal.NOT_FOUND,
    405: Refusal.METHOD_NOT_ALLOWED,
    411: Refusal.LENGTH_REQUIRED,
    413: Refusal.BODY_TOO_LARGE,
    414: Refusal.HEAD_TOO_LARGE,
    429: Refusal.RATE_LIMITED,
    494: Refusal.HEAD_TOO_LARGE,
    500: Refusal.OVERLOADED,
    502: Refusal.UNKNOWN,
    503: Refusal.OVERLOADED,
    504: Refusal.UNKNOWN,
}
"""What it refuses itself, by the status that nginx has for it."""


def file(settings: Settings, folder: Path, machine: str | None) -> File:
    """Return the configuration file; see `text`."""
    return File(folder / NAME, text(settings, machine))


def text(settings: Settings, machine: str | None) -> str:
    """Return what the file says.

    Args:
        settings: Of all containers.
        machine: As whom this machine itself comes in; its limits are those of loopback.
    """
    ours = f"\n        {machine} {LOOPBACK};" if machine else ""
    return _TEMPLATE.format(
        connections=CONNECTIONS_MAX,
        ours=ours,
        port=settings.http_port,
        head_ms=round(settings.web_head_within_s * 1000),
        body_ms=round(settings.web_body_within_s * 1000),
        keep_s=KEEP_ALIVE_S,
        upstream_keep_s=KEEP_ALIVE_S - 5,
        body_max=BODY_MAX_BYTES,
        held=ADDRESS_CONNECTIONS_MAX,
        requests=REQUESTS_MAX,
        said=_SAID if settings.web_proxies > 1 else "",
        ingest=socket_of(INGEST),
        web=socket_of(WEB),
        ingest_paths="|".join(_ingest_paths()),
        refusals="\n".join(_refusals()),
        metrics=METRICS,
        loopback=LOOPBACK,
    )


def _ingest_paths() -> Iterable[str]:
    """Return a regular expression of each path that is ingest's."""
    paths = [*ingest.openapi.document()["paths"], *OPERATIONS]
    return [_NAME_IN_PATH.sub("[^/]+", path) for path in dict.fromkeys(paths)]


def _refusals() -> Iterator[str]:
    for status, refusal in _ITS_OWN.items():
        yield f"        error_page {status} = @{refusal.label};"
    for refusal in dict.fromkeys(_ITS_OWN.values()):
        if refusal is Refusal.METHOD_NOT_ALLOWED:
            yield _METHODS
            continue
        refused = Refused(refusal)
        headers = "".join(
            f" add_header {name} {value} always;"
            for name, value in refused.headers.items()
        )
        yield (
            f"        location @{refusal.label} {{ default_type application/json;"
            f"{headers} return {refusal.status} '{_body(refused)}'; }}"
        )


def _body(refused: Refused) -> str:
    """Return what an answer says, as it stands in single quotes."""
    text = msgspec.json.encode(refused.body).decode()
    return text.replace("\\", "\\\\").replace("'", "\\'")


_METHODS = f"""\
        # TRACE. Which methods there are is for who serves the path to say.
        location @{Refusal.METHOD_NOT_ALLOWED.label} {{
            proxy_method OPTIONS;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
            proxy_set_header Origin "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $said$client;
            proxy_pass http://$serves;
        }}"""

_SAID = '\n        ~. "$http_x_forwarded_for, ";'

_TEMPLATE = """\
# Made by `python -m compose.containers prepare`.
daemon off;
worker_processes auto;
pid /tmp/nginx.pid;
error_log stderr warn;

events {{
    worker_connections {connections};
}}

http {{
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    reset_timedout_connection on;
    default_type application/octet-stream;

    # Nothing of a request is written to a disk: a body that may be one fits.
    client_body_buffer_size {body_max};
    client_body_temp_path /tmp/bodies;
    proxy_temp_path /tmp/answers;
    fastcgi_temp_path /tmp/unused;
    uwsgi_temp_path /tmp/unused;
    scgi_temp_path /tmp/unused;
    client_max_body_size {body_max};
    large_client_header_buffers 4 16k;

    client_header_timeout {head_ms}ms;
    client_body_timeout {body_ms}ms;
    send_timeout {body_ms}ms;
    keepalive_timeout {keep_s}s;
    limit_conn_zone $binary_remote_addr zone=addresses:4m;
    limit_conn addresses {held};
    limit_conn_zone $server_name zone=requests:1m;
    limit_conn requests {requests};
    limit_conn_status 429;

    # Named by their content, they never change: asked for once, then given from here.
    proxy_cache_path /tmp/assets keys_zone=assets:1m max_size=32m inactive=1d
        use_temp_path=off;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    map $remote_addr $client {{
        default $remote_addr;{ours}
    }}
    # What a stranger says of where he comes from is not handed on, unless there are
    # proxies in front that say it.
    map $http_x_forwarded_for $said {{
        default "";{said}
    }}
    proxy_set_header X-Forwarded-For $said$client;
    map $client$http_x_forwarded_for $is_here {{
        default 0;
        {loopback} 1;
    }}
    proxy_connect_timeout 2s;
    proxy_read_timeout 60s;
    proxy_next_upstream off;
    proxy_buffers 16 16k;

    upstream ingest {{
        server unix:{ingest};
        keepalive 64;
        keepalive_timeout {upstream_keep_s}s;
    }}

    upstream web {{
        server unix:{web};
        keepalive 64;
        keepalive_timeout {upstream_keep_s}s;
    }}

    map $uri $serves {{
        default web;
        ~^({ingest_paths})$ ingest;
    }}

    server {{
        listen {port} backlog=4096;
        # It would make a length of it; the servers alone do not.
        if ($http_transfer_encoding) {{
            return 411;
        }}
        location / {{
            proxy_pass http://$serves;
        }}
        location /assets/ {{
            proxy_pass http://web;
            proxy_cache assets;
            proxy_cache_valid 200 1d;
            proxy_cache_use_stale error timeout updating;
        }}
        # Figures for operators: for who is on this machine. Inside, each service
        # shows its own.
        location = {metrics} {{
            if ($is_here = 0) {{
                return 404;
            }}
            proxy_pass http://ingest;
        }}
{refusals}
    }}
}}
"""
