"""What `deployed.deploy` is told of a stage."""

import base64
import json

from chalicelib.configuration.stage import encode
from tests.pipeline.world import SECRETS


def setup_of(stage, rows=()):
    """The stage as pushed, its secrets, its targets, and the rows that lie in its table already."""
    sections = {name: base64.b64encode(section).decode() for name, section in encode(stage).items()}
    users = {target.secret for target in stage.targets}
    return {
        "sections": sections,
        "targets": [target.name for target in stage.targets],
        "parameters": {
            f"{'targets' if name in users else 'accounts'}/{name}": json.dumps(held)
            for name, held in SECRETS.items()
        },
        "rows": list(rows),
    }
