"""An authority of a test's own, and what it and others certify; made by openssl in a second."""

import ssl
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Final


class Shown(StrEnum):
    """What a server shows whoever comes."""

    GOOD = "good"
    STRANGE = "by an unknown authority"
    EXPIRED = "expired yesterday"
    MISNAMED = "for another name"


_DAYS: Final = {Shown.EXPIRED: -1}
_NAMES: Final = {Shown.MISNAMED: "DNS:elsewhere.example"}
_OURS: Final = "DNS:localhost,IP:127.0.0.1"
_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Certificates:
    """Those in a folder, made where there are none. `authority` is the file to be trusted (`SSL_CERT_FILE`), `names` for whom they are."""

    def __init__(self, folder: Path, names: str = _OURS) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._names = names
        self.authority = self._own("authority", "/CN=an authority of a test")
        self._own("stranger", "/CN=another authority")

    def context(self, shown: Shown) -> ssl.SSLContext:
        """For a server that shows this one."""
        by = "stranger" if shown is Shown.STRANGE else "authority"
        name = shown.name.lower()
        if not (self._folder / f"{name}.pem").exists():
            self._openssl("req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=a server")
            (self._folder / f"{name}.ext").write_text(f"subjectAltName={_NAMES.get(shown, self._names)}\n")
            self._openssl(
                "x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                "-days", str(_DAYS.get(shown, 2)), "-extfile", f"{name}.ext", "-out", f"{name}.pem",
            )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        return context

    def _own(self, name: str, subject: str) -> Path:
        if not (self._folder / f"{name}.pem").exists():
            self._openssl("req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", subject, "-days", "2")
        return self._folder / f"{name}.pem"

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(("openssl", *arguments), cwd=self._folder, check=True, capture_output=True)
