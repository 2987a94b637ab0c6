"""What does not fit into one answer of DynamoDB is read page by page."""

from chalicelib.store.rows import EventRow
from tests.pipeline.world import world

BODY = b"x" * 390 * 1024
"""Of rows of this size DynamoDB returns two or three in one answer."""


def test_every_page_is_read() -> None:
    with world() as hub:
        for number in range(5):
            row = EventRow("E#long", f"D#{number}", customer="c", at="0", profile="p", targets="", body=BODY)
            row.seq, row.committed = 1, 0
            hub.table.put(row)
        rows = [row for row in hub.table.scan() if row.pk == "E#long"]
    assert sorted(str(row.sk) for row in rows) == [f"D#{number}" for number in range(5)]
