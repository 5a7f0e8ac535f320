"""An independent maker of certificates and signatures: the openssl program with its GOST engine.

`make_ca()` makes a certification authority, its `certificate(snils)` a person's key and certificate, and the person's
`sign(text)` a detached signature. `trust(ca)` has the cabinet trust it.
"""

import base64
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import make
import pytest

from chalicelib.kit import clock

PACKAGES = {"openssl": "openssl", "gost": "libengine-gost-openssl"}
GOST_256 = ["A", "B", "C", "XA", "XB", "TCA", "TCB", "TCC", "TCD"]
GOST_512 = ["A", "B", "C"]
ALGORITHMS = [
    *("rsa", "rsa-pss", "ecdsa-256", "ecdsa-384", "ecdsa-521"),
    *(f"gost-256-{name}" for name in GOST_256),
    *(f"gost-512-{name}" for name in GOST_512),
]
_CONFIG = """
openssl_conf = start
[start]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
[req]
distinguished_name = name
string_mask = utf8only
[name]
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
unique_subject = no
rand_serial = yes
policy = anybody
[anybody]
CN = optional
SN = optional
GN = optional
O = optional
INN = optional
OGRN = optional
SNILS = optional
"""


@dataclass(frozen=True)
class Signer:
    """Somebody's key and certificate, as files in a folder of their own."""

    folder: Path
    algorithm: str
    snils: str = ""

    @property
    def der(self) -> bytes:
        """The certificate."""
        return base64.b64decode("".join(self._pem().splitlines()[1:-1]))

    def _pem(self) -> str:
        return (self.folder / "certificate.pem").read_text(encoding="ascii")

    def sign(self, text: str | bytes, *options: str, also: "Signer | None" = None, md: str = "") -> bytes:
        """Sign a text to the letter; a detached CMS in DER unless the options of `openssl cms` say otherwise."""
        content = self.folder / f"content-{secrets.token_hex(8)}"
        content.write_bytes(text.encode() if isinstance(text, str) else text)
        command = ["cms", "-sign", "-binary", "-in", content.name, "-outform", "DER", *options]
        for one in filter(None, (self, also)):
            command += ["-signer", str(one.folder / "certificate.pem"), "-inkey", str(one.folder / "key.pem")]
        if self.algorithm.startswith("rsa-pss"):
            command += ["-keyopt", "rsa_padding_mode:pss"]
        return openssl(*command, "-md", md or _hash(self.algorithm), folder=self.folder)


@dataclass(frozen=True)
class Ca(Signer):
    """A certification authority of the tests."""

    name: str = ""

    def certificate(
        self,
        snils: str | None = None,
        algorithm: str = "rsa",
        *,
        subject: str | None = None,
        days: tuple[int, int] = (-1, 365),
        usage: str = "digitalSignature,nonRepudiation",
        extensions: str = "",
        md: str = "",
        key: Signer | None = None,
    ) -> Signer:
        """Issue a certificate; `subject` replaces the usual one, `key` gives a key that exists already."""
        snils = make.valid_snils(f"{secrets.randbelow(9 * 10**8) + 10**8:09d}") if snils is None else snils
        usual = f"/CN=Иванова Анна Петровна/SN=Иванова/GN=Анна Петровна/INN=500100732259/SNILS={snils}"
        person = Signer(_folder(), algorithm.partition("#")[0], snils)
        shutil.copy(key.folder / "key.pem" if key else _key(algorithm), person.folder / "key.pem")
        request = ["req", "-new", "-utf8", "-key", "key.pem", "-subj", usual if subject is None else subject]
        openssl(*request, "-out", "request.pem", folder=person.folder)
        said = f"keyUsage=critical,{usage}\n" if usage else ""
        said += f"basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\n{extensions}"
        (person.folder / "extensions").write_text(said, encoding="utf-8")
        self.issue(person, days, "-cert", "certificate.pem", md=md)
        return person

    def issue(self, to: Signer, days: tuple[int, int], *options: str, md: str = "") -> None:
        """Make the certificate that a folder's request asks for."""
        start, end = (clock.now().timestamp() + day * 86400 for day in days)
        command = ["ca", "-batch", "-utf8", "-notext", "-preserveDN", "-keyfile", "key.pem"]
        command += ["-startdate", _written(start), "-enddate", _written(end), "-md", md or _hash(self.algorithm)]
        command += ["-in", str(to.folder / "request.pem"), "-out", str(to.folder / "certificate.pem")]
        command += ["-extfile", str(to.folder / "extensions"), *options]
        if self.algorithm == "rsa-pss":
            command += ["-sigopt", "rsa_padding_mode:pss"]
        openssl(*command, folder=self.folder)


def make_ca(
    algorithm: str = "rsa", name: str = "Проверочный удостоверяющий центр", *, extensions: str | None = None
) -> Ca:
    """Make a certification authority with a certificate of its own, good for a day back and ten years on."""
    made = Ca(_folder(), algorithm.partition("#")[0], name=name)
    shutil.copy(_key(algorithm, of_ca=True), made.folder / "key.pem")
    openssl(
        "req", "-new", "-utf8", "-key", "key.pem", "-subj", f"/CN={name}", "-out", "request.pem", folder=made.folder
    )
    said = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
    (made.folder / "extensions").write_text(said if extensions is None else extensions, encoding="utf-8")
    made.issue(made, (-1, 3650), "-selfsign")
    return made


@cache
def usual_ca(algorithm: str = "rsa") -> Ca:
    """Return one authority for all tests that need no other."""
    return make_ca(algorithm)


def trust(*trusted: Signer) -> None:
    """Have the cabinet trust these authorities and no others."""
    rows = [{"name": "Тест", "certificate": base64.b64encode(one.der).decode(), "source": "тест"} for one in trusted]
    file = _folder() / "trusted.json"
    file.write_text(json.dumps({"authorities": rows}), encoding="utf-8")
    os.environ["CABINET_TRUST_FILE"] = str(file)


def base64_of(signature: bytes) -> str:
    """Write a signature as requests carry it."""
    return base64.b64encode(signature).decode()


def openssl(*arguments: str, folder: Path) -> bytes:
    """Run openssl with the GOST engine in a folder; what it cannot do fails the test with its own words."""
    done = subprocess.run([_program(), *arguments], cwd=folder, env=_environment(), capture_output=True, check=False)
    assert done.returncode == 0, f"openssl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def lacking(program: str | None, engine_answer: str) -> str:
    """Say which package is missing, or nothing."""
    missing = [] if program else [PACKAGES["openssl"]]
    missing += [] if "(gost)" in engine_answer else [PACKAGES["gost"]]
    if not missing:
        return ""
    needed = " ".join(missing)
    return f"Signatures are tested with openssl and its GOST engine, and {needed} is missing: run `bash infra/debian.sh {needed}` as root."


@cache
def _program() -> str:
    found = shutil.which("openssl")
    command = [found or "", "engine", "gost"]
    said = (
        subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False).stdout if found else ""
    )
    if sentence := lacking(found, said):
        pytest.fail(sentence, pytrace=False)
    return str(found)


@cache
def _place() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="signatures-")


@cache
def _environment() -> dict[str, str]:
    config = Path(_place().name) / "openssl.cnf"
    config.write_text(_CONFIG, encoding="utf-8")
    return {"PATH": os.defpath, "OPENSSL_CONF": str(config), "LC_ALL": "C.UTF-8"}


def _folder() -> Path:
    made = Path(_place().name) / secrets.token_hex(8)
    made.mkdir()
    (made / "index.txt").touch()
    return made


@cache
def _key(algorithm: str, *, of_ca: bool = False) -> Path:
    """Make a key of an algorithm, one for people and one for authorities; `rsa#2` is another one of rsa."""
    folder = _folder()
    options = _options(algorithm.partition("#")[0])
    openssl("genpkey", *options, "-out", "key.pem", folder=folder)
    return folder / "key.pem"


def _options(algorithm: str) -> list[str]:
    kind, _, size = algorithm.partition("-")
    if kind == "rsa":
        return ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{size if size.isdigit() else 2048}"]
    if kind == "ed25519":
        return ["-algorithm", "ED25519"]
    if kind == "ecdsa":
        return ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{f'P-{size}' if size.isdigit() else size}"]
    bits, _, parameters = size.partition("-")
    return ["-algorithm", f"gost2012_{bits}", "-pkeyopt", f"paramset:{parameters}"]


def _hash(algorithm: str) -> str:
    if algorithm.startswith("gost"):
        return f"md_gost12_{algorithm.split('-')[1]}"
    return {"ecdsa-384": "sha384", "ecdsa-521": "sha512"}.get(algorithm, "sha256")


def _written(seconds: float) -> str:
    return clock.moment(seconds).translate(str.maketrans("", "", "-:T"))
