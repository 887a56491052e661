"""A certificate as a self-contained page that prints: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from bulkdel.evidence.statement import Certificate, statement_of
from bulkdel.report.page.html import environment
from bulkdel.report.stated import certificate_books, entry_rows, statement_facts

ROWS_SHOWN = 1000
"""Entries that the page lists; the JSON beside it holds all."""


def certificate_html(certificate: Certificate) -> bytes:
    """The page of a certificate."""
    statement = statement_of(certificate.statement.encode())
    style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    page = (
        environment()
        .get_template("certificate.html.j2")
        .render(
            certificate=certificate,
            statement=statement,
            books=list(certificate_books(certificate, statement)),
            facts=statement_facts(statement),
            rows=list(entry_rows(certificate, statement))[:ROWS_SHOWN],
            style=style,
            style_sha256=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        )
    )
    return page.encode()
