"""Ids that anybody can compute, and that depend on nothing but the vendor's own names."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import NAMESPACE, message_id, ticket_id


@given(st.text(), st.text(), st.text())
def test_a_tickets_id_is_the_uuid5_of_connector_namespace_and_thread(
    connector: str, namespace: str, thread: str
) -> None:
    expected = uuid5(NAMESPACE, f"ticket\n{connector}\n{namespace}\n{thread}")
    assert UUID(bytes=ticket_id(connector, namespace, thread)) == expected


@given(st.text(), st.text(), st.text(), st.text())
def test_a_messages_id_is_the_uuid5_of_its_stream_and_source_id(
    connector: str, namespace: str, stream: str, source_id: str
) -> None:
    expected = uuid5(NAMESPACE, f"message\n{connector}\n{namespace}\nsource\n{stream}\n{source_id}")
    assert UUID(bytes=message_id(connector, namespace, stream, source_id, None)) == expected


@given(st.text(), st.text(), st.text(), st.text())
def test_a_post_that_the_vendor_names_has_one_id_in_every_stream(
    stream: str, other: str, source_id: str, same_as: str
) -> None:
    expected = uuid5(NAMESPACE, f"message\nc\nn\nsame\n{same_as}").bytes
    assert message_id("c", "n", stream, source_id, same_as) == expected
    assert message_id("c", "n", other, source_id + "x", same_as) == expected


def test_the_namespace_never_changes() -> None:
    assert UUID("6f9b2c1e-5d0a-5c55-9d0e-3a1b7f4e8c20") == NAMESPACE
    assert UUID(bytes=ticket_id("youscan", "", "t")) == UUID("72707924-0e38-5692-a69f-2d027d00231f")
