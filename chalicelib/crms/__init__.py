"""The connectors by name: the only list of the CRMs that the hub can write to."""

from __future__ import annotations

from chalicelib.crms.base import Crm
from chalicelib.crms.receiver import RECEIVER
from chalicelib.crms.tryton.connector import TRYTON

CRMS: dict[str, Crm] = {crm.name: crm for crm in (TRYTON, RECEIVER)}
