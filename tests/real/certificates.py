"""A certificate authority of a test, and what it signs, made by the openssl command."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


class Authority:
    """A folder with ca.crt, and a pair NAME.crt and NAME.key for each name that was asked for."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.ca = folder / "ca.crt"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN=authority {folder.name}", "-keyout", str(folder / "ca.key"), "-out", str(self.ca),
        )  # fmt: skip

    def issue(self, name: str, *, subject: str = "") -> tuple[Path, Path]:
        """A new certificate and key, replacing those of that name."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject or name}",
            "-keyout", f"{key}.new", "-out", str(request),
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self.folder / "ca.key"),
            "-CAcreateserial", "-days", "30", "-out", f"{certificate}.new",
        )  # fmt: skip
        Path(f"{key}.new").replace(key)
        Path(f"{certificate}.new").replace(certificate)
        return certificate, key

    def client(self, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """A context that trusts this authority and shows a certificate if given."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.check_hostname = False
        if pair is not None:
            context.load_cert_chain(*pair)
        return context


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
