"""The socket that the server listens on."""

import socket

from uvicorn.protocols.http.h11_impl import H11Protocol


def test_what_is_said_is_sent_at_once(server, monkeypatch):
    """No piece of a response waits until the client has acknowledged the one before it, which takes 40 ms."""
    waits = []
    made = H11Protocol.connection_made

    def connection_made(self, transport):
        waits.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0)
        made(self, transport)

    monkeypatch.setattr(H11Protocol, "connection_made", connection_made)
    with server.client() as client:
        assert client.get("/health").status_code == 200
    assert waits == [False]
