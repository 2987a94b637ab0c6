"""One handler in an interpreter of its own, called as Lambda calls it.

    python -m tests.handlers.alone HANDLER < JSON

The JSON holds `setup` (see `deployed.deploy`), `events`, and where to write the outcome (`report`). What
the function prints is left to stdout and stderr: that is its log.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from moto import mock_aws

from tests.handlers import deployed


class Context:
    """What Lambda hands over beside the event."""

    function_name = "switchboard-local-function"
    function_version = "$LATEST"
    memory_limit_in_mb = "512"
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    invoked_function_arn = f"arn:aws:lambda:{deployed.REGION}:{deployed.ACCOUNT}:function:{function_name}"
    log_group_name = f"/aws/lambda/{function_name}"
    log_stream_name = "2026/11/25/[$LATEST]0"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def main() -> None:
    told = json.load(sys.stdin)
    with mock_aws():
        environment = deployed.deploy(told["setup"])
        os.environ.update(environment)
        module, _, name = sys.argv[1].rpartition(".")
        handler = getattr(importlib.import_module(module), name)
        answers = [handler(event, Context()) for event in told["events"]]
        targets = json.loads(environment["HUB_TARGET_QUEUES"])
        report = {
            "answers": answers,
            "modules": sorted(sys.modules),
            "events": deployed.messages(environment["HUB_EVENTS_QUEUE"]),
            "targets": {target: deployed.messages(url) for target, url in targets.items()},
            "rows": deployed.rows_of(environment["HUB_TABLE"]),
            "objects": deployed.objects(environment["HUB_BUCKET"]),
        }
    Path(told["report"]).write_text(json.dumps(report))


if __name__ == "__main__":
    main()
