"""One real RT for the tests of the connector."""

from collections.abc import Iterator

import pytest

from tests.e2e_rt.instance import Rt, client, running
from tests.e2e_rt.site import Site


@pytest.fixture(scope="session")
def rt() -> Iterator[Rt]:
    with running() as one:
        yield one


@pytest.fixture
def site(rt: Rt) -> Iterator[Site]:
    with client() as http:
        yield Site(rt, http)
