"""What is rendered, with made-up values, and the rights: committed to be read.

`python -m mosquitto` writes the files anew.
"""

from pathlib import Path

from mosquitto import acl, matrix
from mosquitto.brokers import cluster_broker, main_broker
from mosquitto.config import Pull

FOLDER = Path(__file__).parent

_README = "README.md"
_ETC = Path("/etc/emostream")
_CLUSTER = "cluster-1"


def examples() -> dict[str, str]:
    """Return the text of each file that is written here, by its name."""
    pull = Pull(_CLUSTER, "127.0.0.1:1884", "a-password", "0123456789abcdef")
    main = main_broker(port=1884, folder=_ETC, user="")
    cluster = cluster_broker(
        port=1885, websocket_port=9885, folder=_ETC, user="", pull=pull
    )
    return {
        "main.conf": main.render(),
        "main.acl": acl.render(acl.main_rights([_CLUSTER])),
        "cluster.conf": cluster.render(),
        "cluster.acl": acl.render(acl.cluster_rights(_CLUSTER)),
        _README: matrix.inserted((FOLDER / _README).read_text()),
    }
