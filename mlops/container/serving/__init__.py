"""The server that travels in every model archive; the rest of the platform never imports it."""
