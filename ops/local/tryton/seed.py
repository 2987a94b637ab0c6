"""Fills a new Tryton database with a company and a key for the hub. It runs in Tryton's own environment.

Arguments: Tryton's configuration file, the database's name. Prints the key. No server may be running: it
would not see the changes.
"""

from __future__ import annotations

import sys
from decimal import Decimal

from proteus import Model, config


def seed(configuration: str, database: str) -> str:
    """Make what every Tryton in use has; return an approved application key of the admin."""
    config.set_trytond(f"sqlite:///{database}", user="admin", config_file=configuration)
    rial = Model.get("currency.currency")(
        name="Rial", code="IRR", symbol="ریال", digits=0, rounding=Decimal(1)
    )
    rial.save()
    party = Model.get("party.party")(name="فروشگاه نمونه", code="company")
    party.save()
    companies = Model.get("company.company")
    company = companies(party=party, currency=rial, timezone="Asia/Tehran")
    company.save()
    (admin,) = Model.get("res.user").find([("login", "=", "admin")])
    admin.companies.append(companies(company.id))
    admin.company = companies(company.id)
    admin.save()
    application = Model.get("res.user.application")(user=admin, application="rest")
    application.save()
    return str(application.key)


if __name__ == "__main__":
    print(seed(*sys.argv[1:]))
