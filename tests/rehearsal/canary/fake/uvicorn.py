"""What the archive's server asks of uvicorn, in the standard library, so that it starts fast."""

import asyncio


class Config:
    def __init__(self, app):
        self.app = app


class Server:
    def __init__(self, config):
        self.app = config.app

    def run(self, sockets):
        asyncio.run(self._serve(sockets[0]))

    async def _serve(self, listener):
        server = await asyncio.start_server(self._connected, sock=listener)
        await server.serve_forever()

    async def _connected(self, reader, writer):
        try:
            while True:
                await self._answered(reader, writer)
        except (EOFError, ConnectionError):
            writer.close()

    async def _answered(self, reader, writer):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
        body = await reader.readexactly(int(dict(headers).get(b"content-length", b"0")))
        events = [{"type": "http.request", "body": body, "more_body": False}]

        complete = [False]

        async def receive():
            return events.pop() if events else {"type": "http.disconnect"}

        async def send(event):
            if event["type"] == "http.response.start":
                head = [f"HTTP/1.1 {event['status']} X".encode()]
                head += [name + b": " + value for name, value in event["headers"]]
                writer.write(b"\r\n".join(head) + b"\r\n\r\n")
            else:
                writer.write(event["body"])
                complete.append(not event.get("more_body", False))

        scope = {"type": "http", "path": first.split()[1], "headers": headers}
        await self.app(scope, receive, send)
        await writer.drain()
        if not complete[-1]:
            raise ConnectionAbortedError
