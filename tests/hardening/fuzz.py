"""One target under a fuzzer that sees which branches an input takes.

`python tests/hardening/fuzz.py TARGET FOLDER [options of libFuzzer]`; new ways are kept in the folder.
"""

import sys
import time
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
for place in (ROOT, ROOT / "functions", ROOT / "tests"):
    sys.path.insert(0, str(place))

SEEN = ("chalicelib", "asn1crypto", "fido2", "joserfc")  # packages whose branches lead the fuzzer
LONGEST = 1  # seconds of the processor


def main(name: str, folder: str, *options: str) -> None:
    """Fuzz until the options say stop; whatever a target lets out ends the run with its input."""
    with atheris.instrument_imports(include=list(SEEN), enable_loader_override=False):
        from hardening import targets

        targets.without_cloud()
        target = targets.TARGETS[name]
        for number, sample in enumerate(target.samples):
            (Path(folder) / f"sample{number}").write_bytes(sample)
            target.run(sample)  # what is imported late is imported here
    seen, count = set(sys.modules), len(sys.modules)

    def one(data: bytes) -> None:
        begun = time.process_time()
        target.run(data)
        if time.process_time() - begun > LONGEST:
            raise TimeoutError(f"{name} took longer than {LONGEST} s.")
        if len(sys.modules) != count and (blind := [one for one in set(sys.modules) - seen if one.startswith(SEEN)]):
            raise ImportError(f"The fuzzer sees no branches of {blind}: let a sample import them.")

    atheris.Setup([sys.argv[0], folder, *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
