"""What packaging/README.md says to nginx and Caddy, said to real ones: which headers reach the agent, and that what it streams is not held back."""

import asyncio
import re
import shutil
import ssl
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.ports import free_port

MANUAL: Final = (Path(__file__).parents[2] / "packaging" / "README.md").read_text().partition("\n## The page\n")[2].partition("\n## ")[0]
NGINX: Final = re.findall(r"```nginx\n(.*?)```", MANUAL, re.DOTALL)
CADDY: Final = re.findall(r"```caddyfile\n(.*?)```", MANUAL, re.DOTALL)
HOST: Final = "watchdog.example.org"
SECRET: Final = "0f1e2d3c4b5a69788796a5b4"
FORGED: Final = {"X-Remote-User": "root", "X-Watchdog-Proxy": "guessed"}
HASHED: Final = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"
"""Of ada's password, as cheap as bcrypt can be."""
NAMED: Final = {"Authorization": f"Basic {b64encode(b'ada:open sesame').decode()}"}


class Upstream:
    """Stands for the agent: answers each request with one chunk, and the second only when it is told to."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.go_on = asyncio.Event()
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await writer.drain()
        await self.go_on.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        writer.close()

    def headers(self) -> dict[str, str]:
        """Those of the last request, by small letters; a name that comes twice is a mistake."""
        pairs = [line.partition(": ")[::2] for line in self.heads[-1].split("\r\n")[1:] if line]
        found = {name.lower(): value for name, value in pairs}
        assert len(found) == len(pairs), self.heads[-1]
        return found


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """One that listens."""
    one = Upstream()
    server = await asyncio.start_server(one, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    one.go_on.set()
    server.close()


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts one, which is ended with the test."""
    running: list[asyncio.subprocess.Process] = []

    async def start(*command: str | Path, **environment: str) -> None:
        with (tmp_path / "log").open("wb") as log:
            running.append(await asyncio.create_subprocess_exec(
                *map(str, command), stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL, env={"HOME": str(tmp_path), **environment}
            ))  # fmt: skip

    yield start
    for one in running:
        one.terminate()
        await one.wait()
    print((tmp_path / "log").read_text())


async def ask(port: int, headers: dict[str, str], *, encrypted: bool) -> tuple[bytes, bytes]:
    """The status line and the first chunk, without waiting for the rest."""
    context = None
    if encrypted:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=HOST if encrypted else None)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode())
    status = await reader.readline()
    await reader.readuntil(b"\r\n\r\n")
    first = await reader.readuntil(b"one") if b" 200 " in status else b""
    writer.close()
    return status, first


async def there(port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def nginx(folder: Path, text: str, port: int, upstream: int) -> Path:
    """A whole configuration with that block in it."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={HOST}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "open sesame"], check=True, capture_output=True, text=True).stdout
    (folder / "watchdog.htpasswd").write_text(f"ada:{hashed}")
    (folder / "watchdog-secret.conf").write_text(f'proxy_set_header X-Watchdog-Proxy "{SECRET}";\n')
    for found, ours in (
        ("listen 443", f"listen 127.0.0.1:{port}"), ("127.0.0.1:7655", f"127.0.0.1:{upstream}"), ("/etc/nginx/", f"{folder}/"),
        (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", str(certificate)), (f"/etc/letsencrypt/live/{HOST}/privkey.pem", str(key)),
    ):  # fmt: skip
        text = text.replace(found, ours)
    folders = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{text}}}\n"
    )
    return path


@pytest.mark.needs("nginx", "openssl")
@pytest.mark.parametrize("named", [False, True], ids=["tokens", "named by the proxy"])
async def test_nginx(named, proxy, upstream, until, tmp_path):
    """The agent gets the host that the browser asked, nothing that the browser says of who it is, and what it streams passes at once."""
    block, inner = NGINX
    if named:
        (line,) = re.findall(r"\n +proxy_set_header X-Remote-User .*", block)
        block = block.replace(line, f"\n{inner}")
    port = free_port()
    config = nginx(tmp_path, block, port, upstream.port)
    await proxy(shutil.which("nginx"), "-p", tmp_path, "-c", config)
    await until(lambda: there(port), what="nginx")
    await _judge(upstream, port, named=named, encrypted=True)


@pytest.mark.needs("caddy")
@pytest.mark.parametrize("named", [False, True], ids=["tokens", "named by the proxy"])
async def test_caddy(named, proxy, upstream, until, tmp_path):
    """The same of Caddy; here without TLS, for which it would ask the world for a certificate."""
    caddy = str(shutil.which("caddy"))
    text, port = CADDY[named], free_port()
    version = subprocess.run([caddy, "version"], check=True, capture_output=True, text=True, env={"HOME": str(tmp_path)}).stdout
    for found, ours in (
        (f"{HOST} {{", f"http://{HOST}:{port} {{"),
        ("127.0.0.1:7655", f"127.0.0.1:{upstream.port}"),
        ("$2a$14$…", HASHED),
    ):
        assert found in text or not named
        text = text.replace(found, ours)
    minor = re.search(r"2\.(\d+)", version)
    if minor is not None and int(minor[1]) < 8:
        text = text.replace("basic_auth", "basicauth")
    (tmp_path / "Caddyfile").write_text(f"{{\nadmin off\n}}\n{text}")
    await proxy(caddy, "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile", WATCHDOG_PROXY=SECRET)
    await until(lambda: there(port), what="Caddy")
    await _judge(upstream, port, named=named, encrypted=False)


async def _judge(upstream: Upstream, port: int, *, named: bool, encrypted: bool) -> None:
    status, _ = await ask(port, FORGED, encrypted=encrypted)
    if not named:
        headers = upstream.headers()
        assert b" 200 " in status
        assert headers["host"] == HOST
        assert "x-remote-user" not in headers
        return
    assert b" 401 " in status
    assert upstream.heads == []
    status, first = await ask(port, FORGED | NAMED, encrypted=encrypted)
    assert b" 200 " in status
    assert b"one" in first
    headers = upstream.headers()
    assert (headers["host"], headers["x-remote-user"], headers["x-watchdog-proxy"]) == (HOST, "ada", SECRET)
