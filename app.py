"""The Chalice app: it registers the functions, and nothing else."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.handlers import deliver, process, relay, tick, webhooks

app = Chalice(app_name="switchboard")
for module in (webhooks, process, relay, deliver, tick):
    app.register_blueprint(module.bp)
