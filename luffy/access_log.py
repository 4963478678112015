"""Gunicorn's access log, with the address of the client and not that of the proxy in front."""

from typing import Any

from gunicorn.glogging import Logger

from utils.addresses import client_address


class AccessLog(Logger):
    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return atoms | {"h": client_address(environ) or "-"}
