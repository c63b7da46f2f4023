"""FastAPI doing the same work as SkyOps: a counter, a histogram, a line of JSON and a request id for each request.

MIDDLEWARE=usual is the way that FastAPI's documentation shows, MIDDLEWARE=asgi the fastest one that it allows.
"""
import json
import os
import re
import sys
import time
import uuid

from fastapi import FastAPI, Request, Response
from prometheus_client import Counter, Histogram

BODY = os.environ["BODY"].encode()
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch
requests = Counter("http_requests", "Requests", ["method", "path", "status"])
seconds = Histogram("http_request_duration_seconds", "Duration", ["method", "path"])
app = FastAPI()


def observe(method: str, path: str, status: int, began: float, request_id: str, client: str) -> None:
    took = time.perf_counter() - began
    requests.labels(method, path, status).inc()
    seconds.labels(method, path).observe(took)
    line = {
        "level": "info",
        "time": time.time(),
        "request_id": request_id,
        "method": method,
        "path": path,
        "status": status,
        "duration_ms": took * 1000,
        "client": client,
        "msg": "request finished",
    }
    sys.stdout.write(json.dumps(line) + "\n")


def request_id_of(given: str | None) -> str:
    return given if given and WELL_FORMED(given) else str(uuid.uuid4())


@app.get("/health")
async def health() -> Response:
    return Response(BODY, media_type="application/json; charset=utf-8")


if os.environ["MIDDLEWARE"] == "usual":

    @app.middleware("http")
    async def middleware(request: Request, call_next):
        began = time.perf_counter()
        request_id = request_id_of(request.headers.get("x-request-id"))
        response = await call_next(request)
        response.headers["x-request-id"] = request_id
        observe(request.method, request.url.path, response.status_code, began, request_id, request.client.host)
        return response

    service = app
else:

    async def service(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        began = time.perf_counter()
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = request_id_of(given.decode("latin-1"))
        status = 0

        async def send_with_id(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        await app(scope, receive, send_with_id)
        observe(scope["method"], scope["path"], status, began, request_id, scope["client"][0])
