"""The connectors by name."""

from __future__ import annotations

from chalicelib.crms.base import Crm
from chalicelib.crms.receiver import RECEIVER
from chalicelib.crms.tryton.connector import TRYTON

CRMS: dict[str, Crm] = {crm.name: crm for crm in (TRYTON, RECEIVER)}
