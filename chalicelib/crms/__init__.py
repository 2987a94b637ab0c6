"""The connectors by name."""

from __future__ import annotations

from chalicelib.crms.base import Crm
from chalicelib.crms.tryton import TRYTON
from chalicelib.crms.webhook import WEBHOOK

CRMS: dict[str, Crm] = {crm.name: crm for crm in (TRYTON, WEBHOOK)}
