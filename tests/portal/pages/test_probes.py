"""Probes reach the portal by whatever address a load balancer has for it."""

from __future__ import annotations

from django.test import Client


def test_probe_by_ip_address_is_answered(client: Client) -> None:
    response = client.get("/healthz", headers={"Host": "10.1.2.3:8000"})

    assert response.status_code == 200


def test_page_by_ip_address_is_refused(client: Client) -> None:
    response = client.get("/", headers={"Host": "10.1.2.3:8000"})

    assert response.status_code == 400
    assert "could not be read" in response.content.decode()
